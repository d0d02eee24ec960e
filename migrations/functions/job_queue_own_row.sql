-- job_queue_own_row(job_id, queued_at, names): whether the caller can read the row in `jobs` of this job. Internal; called by
-- job_queue_places, with the rights of the caller: the policies of `jobs` decide.
--   queued_at  when the present life of the job began, which its row says too, and browsers cannot write: a row that somebody put
--              under the id of another's job is not its row
--   names      the user's names of the columns of `jobs`, where they differ from Interlock's
-- Returns false too where Interlock does not use the table. Raises 42501 for who may not read the two columns.
create or replace function public.job_queue_own_row(job_id text, queued_at timestamptz, names jsonb) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  key_column text := coalesce(names ->> 'job_id', 'job_id');
  key_type text;
  found_rows refcursor;
  is_own boolean;
begin
  select format_type(a.atttypid, null) into key_type from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and a.attname = key_column and not a.attisdropped
     and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype);
  if key_type is null or (key_type = 'uuid' and $1 !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') then
    return false;
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables.
  open found_rows for execute format('select true from public.jobs t where t.%I = $1::%s and t.%I = $2',
    key_column, key_type, coalesce(names ->> 'queued_at', 'queued_at')) using $1, $2;
  if row_security_active('public.jobs') then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  fetch found_rows into is_own;
  close found_rows;
  return coalesce(is_own, false);
end
$$;
