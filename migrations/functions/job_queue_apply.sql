-- job_queue_apply(queue, changes): writes the rows of the inner projection that the core computed. For the functions that
-- hold the queue's lock (append, rebuild).
--   changes  {state: {…}, jobs: [{…}, …], gone: [job_id, …]}: columns of job_queue_state and job_queue_jobs, times in
--            microseconds since 1970; what is null may be missing; state.policy null leaves the policy as it is
-- Returns nothing. Raises what the tables' constraints raise.
create or replace function public.job_queue_apply(queue text, changes jsonb) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  state record;
begin
  if jsonb_array_length(changes -> 'gone') > 0 then
    delete from public.job_queue_jobs j
     where j.queue = $1 and j.job_id = any (array(select jsonb_array_elements_text(changes -> 'gone')));
  end if;
  if jsonb_array_length(changes -> 'jobs') > 0 then
    insert into public.job_queue_jobs as old (queue, job_id, state, job_type, kind, models, priority, place_level,
      place_order, place_tie, queued_at, due_at, expires_at, attempt, attempts, timeout_ms, worker_id, fencing_token,
      started_at, cancel_requested, blocked_by_job_id, blocked_on, conflict_reason)
    select $1, r.job_id, r.state, r.job_type, r.kind, r.models, r.priority, r.place_level,
           r.place_order, r.place_tie, 'epoch'::timestamptz + r.queued_at * interval '1 microsecond',
           'epoch'::timestamptz + r.due_at * interval '1 microsecond',
           'epoch'::timestamptz + r.expires_at * interval '1 microsecond',
           r.attempt, r.attempts, r.timeout_ms, r.worker_id, r.fencing_token,
           'epoch'::timestamptz + r.started_at * interval '1 microsecond',
           coalesce(r.cancel_requested, false), r.blocked_by_job_id, r.blocked_on, r.conflict_reason
      from jsonb_to_recordset(changes -> 'jobs') as r (
        job_id text, state text, job_type text, kind text, models text[], priority integer, place_level double precision,
        place_order bigint, place_tie double precision, queued_at bigint, due_at bigint, expires_at bigint,
        attempt integer, attempts integer, timeout_ms bigint, worker_id text, fencing_token bigint, started_at bigint,
        cancel_requested boolean, blocked_by_job_id text, blocked_on text, conflict_reason text)
    on conflict (queue, job_id) do update set
      state = excluded.state, job_type = excluded.job_type, kind = excluded.kind, models = excluded.models,
      priority = excluded.priority, place_level = excluded.place_level, place_order = excluded.place_order,
      place_tie = excluded.place_tie, queued_at = excluded.queued_at, due_at = excluded.due_at,
      expires_at = excluded.expires_at, attempt = excluded.attempt, attempts = excluded.attempts,
      timeout_ms = excluded.timeout_ms, worker_id = excluded.worker_id, fencing_token = excluded.fencing_token,
      started_at = excluded.started_at, cancel_requested = excluded.cancel_requested,
      blocked_by_job_id = excluded.blocked_by_job_id, blocked_on = excluded.blocked_on,
      conflict_reason = excluded.conflict_reason;
  end if;
  select * into state from jsonb_to_record(changes -> 'state') as s (
    status text, version bigint, active_job_id text, active_job_type text, active_models text[], active_count integer,
    waiting_count integer, policy jsonb, drained_at bigint, updated_at bigint);
  update public.job_queue_state s
     set status = state.status, version = state.version, active_job_id = state.active_job_id,
         active_job_type = state.active_job_type, active_models = coalesce(state.active_models, '{}'),
         active_count = state.active_count, waiting_count = state.waiting_count,
         policy = coalesce(nullif(state.policy, 'null'), s.policy),
         drained_at = 'epoch'::timestamptz + state.drained_at * interval '1 microsecond',
         updated_at = 'epoch'::timestamptz + state.updated_at * interval '1 microsecond'
   where s.queue = $1;
end
$$;
