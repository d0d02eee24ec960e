-- job_queue_not_arrived(key_column, job_ids): keeps rows of `jobs` with these ids, which have arrived, from being taken in,
-- unless there still is a pending row with the id. Internal; called by the triggers on jobs for rows that are deleted or
-- cancelled, before they look for the live job (job_queue_cancel_rows): it waits for a process that is taking such a row in, so
-- that they can see the job then. If row level security hides rows, only this knows that there is nothing left to take in.
-- Returns nothing, raises nothing.
create or replace function public.job_queue_not_arrived(key_column text, job_ids text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  arrived text[];
  key_type text;
  pending text;
  left_over text[] := '{}';
begin
  if to_regclass('public.job_queue_arrivals') is null then
    return;
  end if;
  arrived := array(
    select a.job_id from public.job_queue_arrivals a where a.job_id = any ($2) order by a.id for update);
  if cardinality(arrived) = 0 then
    return;
  end if;
  select max(format_type(a.atttypid, null)) filter (where a.attname = key_column),
         max(format('and t.%I::text = $2', a.attname)) filter (where a.attname = public.job_queue_columns('jobs') ->> 'status')
    into key_type, pending
    from pg_attribute a where a.attrelid = to_regclass('public.jobs') and not a.attisdropped;
  if key_type is not null and not row_security_active('public.jobs') then
    execute format('select coalesce(array_agg(t.%1$I::text), %3$L) from public.jobs t where t.%1$I = any ($1::%2$s[]) %4$s',
      key_column, key_type, '{}', pending) into left_over using arrived, public.job_queue_status('pending');
  end if;
  delete from public.job_queue_arrivals a where a.job_id = any (arrived) and a.job_id <> all (left_over);
end
$$;
