-- job_queue_projection_page(queue, filter): a part of the inner projection of one moment, however many live jobs there are.
--   queue   name of the queue
--   filter  {after, lim, active}: rows of jobs whose job_id comes after that one (a text, from the first one unless given), in the
--           order of job_queue_jobs, at most lim (1..10,000, 1,000 unless given), with active: true those that run alone;
--           or {job_ids: […]}: the rows of these jobs, 10,000 at most
-- Returns {state: {…}, jobs: [{…}, …]}: columns of job_queue_state and job_queue_jobs as job_queue_append takes them, times
-- in microseconds; null when the queue has never been opened. A page with fewer rows than lim is the last one. All of it is
-- of one moment; the next page is of another, which the version of its state tells.
-- Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_projection_page(queue text, filter jsonb) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  lim integer := coalesce(($2 ->> 'lim')::integer, 1000);
  ids text[] := case when $2 ? 'job_ids' then array(select jsonb_array_elements_text($2 -> 'job_ids')) end;
  found jsonb;
begin
  if jsonb_typeof($2) is distinct from 'object' or lim not between 1 and 10000 or cardinality(ids) > 10000 then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_projection_page takes {after, lim, active} with lim from 1 to 10000, or {job_ids} with at most 10000';
  end if;
  if ids is not null then
    select to_jsonb(array_agg(to_jsonb(j))) into found
      from public.job_queue_jobs j where j.queue = $1 and j.job_id = any (ids);
  elsif ($2 ->> 'active')::boolean then
    select to_jsonb(array_agg(to_jsonb(r))) into found
      from (select j.* from public.job_queue_jobs j
             where j.queue = $1 and j.job_id > coalesce($2 ->> 'after', '') and j.state = 'active'
             order by j.job_id limit lim) r;
  else
    select to_jsonb(array_agg(to_jsonb(r))) into found
      from (select j.* from public.job_queue_jobs j
             where j.queue = $1 and j.job_id > coalesce($2 ->> 'after', '')
             order by j.job_id limit lim) r;
  end if;
  return (
    select jsonb_build_object(
      'state', to_jsonb(s) - 'id' - 'queue' || jsonb_build_object(
        'drained_at', (extract(epoch from s.drained_at) * 1000000)::bigint,
        'updated_at', (extract(epoch from s.updated_at) * 1000000)::bigint),
      'jobs', (
        select coalesce(to_jsonb(array_agg(r - 'queue' - 'life' || jsonb_build_object(
                 'queued_at', (extract(epoch from (r ->> 'queued_at')::timestamptz) * 1000000)::bigint,
                 'due_at', (extract(epoch from (r ->> 'due_at')::timestamptz) * 1000000)::bigint,
                 'expires_at', (extract(epoch from (r ->> 'expires_at')::timestamptz) * 1000000)::bigint,
                 'started_at', (extract(epoch from (r ->> 'started_at')::timestamptz) * 1000000)::bigint)
                 order by n)), '[]')
          from jsonb_array_elements(coalesce(found, '[]')) with ordinality e (r, n)))
      from (select * from public.job_queue_state k where k.queue = $1 order by k.version desc limit 1) s);
end
$$;
