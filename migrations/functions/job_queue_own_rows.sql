-- job_queue_own_rows(job_ids, names): of these jobs, the rows in `jobs` that the caller can read. Internal; called by job_queue_places,
-- with the rights of the caller: the policies of `jobs` decide. One query for all of them: to ask row by row took a tenant without any
-- job 3.9 s while 10,000 waited.
--   names  the user's names of the columns of `jobs`, where they differ from Interlock's
-- Returns job_id, and queued_at: when the life of the job began that the row speaks for. Browsers cannot write it, so a row that somebody
-- put under the id of another's job says something else. No rows where Interlock does not use the table. Raises 42501 for who may not
-- read the two columns.
create or replace function public.job_queue_own_rows(job_ids text[], names jsonb) returns table (job_id text, queued_at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  key_column text := coalesce(names ->> 'job_id', 'job_id');
  key_type text;
  candidates text[] := job_ids;
  found_rows refcursor;
begin
  select format_type(a.atttypid, null) into key_type from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and a.attname = key_column and not a.attisdropped
     and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype);
  if key_type is null then
    return;
  end if;
  if key_type = 'uuid' then
    candidates := array(select id from unnest(job_ids) as id where id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables.
  open found_rows for execute format('select t.%1$I::text, t.%2$I from public.jobs t where t.%1$I = any ($1::%3$s[]) and t.%2$I is not null',
    key_column, coalesce(names ->> 'queued_at', 'queued_at'), key_type) using candidates;
  if row_security_active('public.jobs') then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  loop
    fetch found_rows into job_id, queued_at;
    exit when not found;
    return next;
  end loop;
  close found_rows;
end
$$;
