-- job_queue_note(queue, job_id, token, note): keeps how far a running attempt has come, for people and for the next
-- attempt. Never takes the queue's lock.
--   token  the fencing token of the attempt
--   note   {checkpoint, progress}: one or both, JSON of some 64 KB at most each; null empties it. A checkpoint is on the disk when this
--          returns; progress may be lost with a crash of the server.
-- Returns true when it was written, false when the token is not that of the job's running attempt: then nothing was.
-- Raises JQ001 for a note that says nothing, 23514 for a value out of bounds.
create or replace function public.job_queue_note(queue text, job_id text, token bigint, note jsonb) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  if (note ?| array['checkpoint', 'progress']) is not true then
    raise exception using errcode = 'JQ001', message = 'a note has a checkpoint, progress, or both';
  end if;
  -- A checkpoint has to be on disk. Progress need not be, unless the caller's transaction has written something of its own.
  if note ? 'checkpoint' then
    perform set_config('synchronous_commit', 'on', true);
  elsif pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  insert into public.job_queue_data as d (queue, job_id, life, token, checkpoint, progress)
  select j.queue, j.job_id,
         abs(coalesce(j.life, public.job_queue_life($1, $2))),
         $3, $4 -> 'checkpoint', $4 -> 'progress'
    from public.job_queue_jobs j
   where j.queue = $1 and j.job_id = $2 and j.state = 'active' and j.fencing_token = $3
  on conflict (queue, job_id) do update set
    -- If the `queued` event is not in the log (it is archived), the job is still in the life of its data.
    life = coalesce(excluded.life, d.life),
    token = excluded.token,
    payload = case when excluded.life is null or d.life = excluded.life then d.payload end,
    result = case when excluded.life is null or d.life = excluded.life then d.result end,
    error = case when excluded.life is null or d.life = excluded.life then d.error end,
    trace = case when excluded.life is null or d.life = excluded.life then d.trace end,
    checkpoint = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.checkpoint, d.checkpoint)
                      else excluded.checkpoint end,
    progress = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.progress, d.progress) else excluded.progress end,
    updated_at = clock_timestamp()
    -- Refuses a note that was under way while its attempt ended and the next one noted something.
    where coalesce(d.token, 0) <= excluded.token and coalesce(d.life, 0) <= coalesce(excluded.life, d.life, 0);
  return found;
end
$$;
