-- job_queue_cancel_rows(job_ids, queued): requests the cancellation of each live job that one of these rows of `jobs` speaks
-- for (job_queue_linked), once per life of the job: puts a cancel command into the inbox for any coordinator to decide.
-- Internal; called by the triggers on jobs.
--   queued  the queued_at of each row, in the same order
-- Returns nothing, raises nothing.
create or replace function public.job_queue_cancel_rows(job_ids text[], queued timestamptz[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  asked integer;
begin
  insert into public.job_queue_inbox (queue, request_id, command)
  select j.queue, format('hand:%s:%s', md5(j.job_id), (extract(epoch from j.queued_at) * 1000000)::bigint),
         jsonb_build_object('type', 'cancel', 'job_id', j.job_id,
           'queued_at', (extract(epoch from j.queued_at) * 1000000)::bigint)
    from public.job_queue_jobs j
   where j.queue = any (array(select h.queue from public.job_queue_heads h)) and j.job_id = any ($1)
     and exists (
       select from unnest($1, $2) as r (id, at)
        where r.id = j.job_id and (r.at = j.queued_at or public.job_queue_linked(j.queue, 'jobs', j.job_id, r.at)))
   order by j.queue, j.job_id
  on conflict (queue, request_id) do nothing;
  get diagnostics asked = row_count;
  if asked > 0 and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
end
$$;
