-- job_queue_drop(queue, job_ids): takes dead letters off the list and deletes what is kept of them beside the log. Changes
-- nothing for jobs that are live or ended in another way. Doing it twice does nothing more.
-- Returns how many were dropped. Raises nothing.
create or replace function public.job_queue_drop(queue text, job_ids text[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  dropped integer;
  nothing bigint[] := public.job_queue_void_seqs($1, false);
  no_death bigint[] := public.job_queue_void_seqs($1, true);
begin
  with lives as materialized (
    select i.id as job_id, (
             select max(l.seq + 0) from public.job_queue_log l
              where l.queue = $1 and l.job_id = i.id and l.event_type = 'queued'
                and l.seq <> all (nothing)) as life, (
             select max(l.seq + 0) from public.job_queue_log l
              where l.queue = $1 and l.job_id = i.id and (l.event_type = 'expired'
                or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final'))
                and l.seq <> all (no_death)) as seq
      from (select distinct unnest($2) as id) i),
  ended as materialized (
    select * from lives where seq > life),
  -- A job that is put in line again at this moment has a new life, and keeps the data of that life.
  forgotten as (
    delete from public.job_queue_data d using ended e
     where d.queue = $1 and d.job_id = e.job_id and d.job_id = any ($2) and d.life = e.life),
  marked as (
    insert into public.job_queue_dropped as m (queue, job_id, seq) select $1, e.job_id, e.seq from ended e
    on conflict (queue, job_id) do update set seq = excluded.seq, dropped_at = clock_timestamp()
      where m.seq < excluded.seq
    returning 1)
  select count(*) into dropped from marked;
  return dropped;
end
$$;
