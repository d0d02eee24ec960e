-- job_queue_user_rows(job_ids): the rows of `jobs` with these ids, as one JSON object by id. Internal; called by
-- job_queue_data_of. Uses the index of the user's own key: the ids are cast to its type, never the key to text.
-- Returns {job_id: row, …}; {} if there are none, or Interlock does not use the table. Raises nothing.
create or replace function public.job_queue_user_rows(job_ids text[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found_target record;
  candidates text[] := job_ids;
  found_rows refcursor;
  rows jsonb;
begin
  select * into found_target from public.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return '{}';
  end if;
  if found_target.key_type = 'uuid' then
    select array_agg(id) into candidates from unnest(job_ids) as id
     where id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables. By way
  -- of json, since jsonb_object_agg goes to the end of a row for each text in it.
  open found_rows for execute format('select json_object_agg(t.%1$I::text, to_json(t))::jsonb from public.jobs t where t.%1$I = any ($1::%2$s[])',
    found_target.key_column, found_target.key_type) using candidates;
  if row_security_active('public.jobs') then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  fetch found_rows into rows;
  close found_rows;
  return coalesce(rows, '{}');
end
$$;
