-- job_queue_put_data(queue, data): writes payloads, results and errors beside the events that they belong to. Internal; called
-- by job_queue_put_staged only, after job_queue_append has written the events.
--   data  [{job_id, payload, result, error, checkpoint, trace}, …], each job once. A key that is there is set, and null empties it. A
--         missing key stays as it is, unless its value is from an earlier life of the job
-- Returns nothing. Raises 23514 for a value out of bounds (job_queue_data), 21000 when a job is named twice.
create or replace function public.job_queue_put_data(queue text, data jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
-- While the log looks small, the planner may take the primary key instead of the index by job, and keep that plan.
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  -- max(seq + 0): a plain max would read the primary key backwards, past the events of all other jobs.
  insert into public.job_queue_data as d (queue, job_id, life, payload, result, error, checkpoint, trace)
  select $1, g.item ->> 'job_id',
         (select max(l.seq + 0) from public.job_queue_log l
           where l.queue = $1 and l.job_id = g.item ->> 'job_id' and l.event_type = 'queued'),
         g.item -> 'payload', g.item -> 'result', g.item -> 'error', g.item -> 'checkpoint', g.item -> 'trace'
    from jsonb_array_elements($2) as g (item)
  on conflict (queue, job_id) do update set
    -- If the `queued` event is not in the log (it is archived), the job is still in the life of its data.
    life = coalesce(excluded.life, d.life),
    payload = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.payload, d.payload)
                   else excluded.payload end,
    result = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.result, d.result)
                  else excluded.result end,
    error = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.error, d.error)
                 else excluded.error end,
    checkpoint = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.checkpoint, d.checkpoint)
                      else excluded.checkpoint end,
    trace = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.trace, d.trace)
                 else excluded.trace end,
    progress = case when excluded.life is null or d.life = excluded.life then d.progress end,
    token = case when excluded.life is null or d.life = excluded.life then d.token end,
    updated_at = clock_timestamp();
end
$$;
