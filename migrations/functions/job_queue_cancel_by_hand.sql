-- job_queue_cancel_by_hand(job_ids): puts a cancel command into the inbox of every queue in which one of these jobs is live, once
-- per life of the job, for any coordinator to decide. Internal; called by the triggers on jobs.
-- Returns nothing, raises nothing.
create or replace function public.job_queue_cancel_by_hand(job_ids text[]) returns void
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
  on conflict (queue, request_id) do nothing;
  get diagnostics asked = row_count;
  if asked > 0 and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
end
$$;
