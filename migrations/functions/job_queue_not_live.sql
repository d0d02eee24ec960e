-- job_queue_not_live(queue, job_id): what is with a job that is not live, as far as the tables say it (job_queue_of_job): the newest fact
-- counts. Internal; called by job_queue_explain.
-- Returns {state, code, reason}, with `needs` where only a process can tell; null: nobody has ever heard of it. Raises nothing.
create or replace function public.job_queue_not_live(queue text, job_id text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  kept jsonb := public.job_queue_of_job($1, $2);
  ended_at bigint := coalesce((kept #>> '{events,-1,at}')::bigint, 0);
  ended text := (
    select case when (l.event_type in ('failed', 'lease_expired') and l.data ? 'final') then 'failed'
             when l.event_type in ('completed', 'cancelled', 'expired', 'bypassed') then l.event_type end
      from jsonb_to_record(kept #> '{events,-1}') as l (event_type text, data jsonb));
  refused jsonb := jsonb_path_query_first(kept, '$.commands[*] ? (@.refusal != null)');
  refused_at bigint := coalesce((refused #>> '{refusal,at}')::bigint, 0);
  not_taken_in_at bigint := coalesce((kept #>> '{not_taken_in,at}')::bigint, 0);
begin
  return case
    -- The log has an event of it and the queue has no row: it moves on at this moment, or an event of it was void.
    when kept ->> 'voided' is not null or (ended_at > 0 and ended is null) then
      '{"state": null, "code": null, "needs": "process", "reason": "only a process can tell what is with it"}'::jsonb
    when jsonb_path_exists(kept, '$.commands[*] ? ((@.type == "enqueue" || @.type == "start") && @.refusal == null)') then
      '{"state": "submitted", "code": "undecided", "reason": "it was submitted by SQL, and nobody has decided it yet"}'
    when kept ->> 'arrived_at' is not null then
      '{"state": "submitted", "code": "arrived", "reason": "its row of jobs has arrived, and nobody has taken it in yet"}'
    when refused_at > greatest(ended_at, not_taken_in_at) then jsonb_build_object('state', 'refused',
      'code', refused #>> '{refusal,code}', 'reason', 'what was submitted by SQL was refused: ' || (refused #>> '{refusal,message}'))
    when not_taken_in_at > ended_at then jsonb_build_object('state', 'refused',
      'code', 'not_taken_in', 'reason', 'its row of jobs was not taken in: ' || (kept #>> '{not_taken_in,reason}'))
    when ended is not null then jsonb_build_object('state', 'ended', 'code', ended, 'reason', case ended
      when 'completed' then 'it was completed' when 'failed' then 'it failed for good' when 'cancelled' then 'it was cancelled'
      when 'expired' then 'it waited longer than it may' else 'it ran outside the line' end)
    when kept ->> 'row' is not null then
      '{"state": "unknown", "code": "adoptable", "reason": "the log has never heard of it; there is a row of jobs with this id"}'
    when (kept ->> 'archived_seq')::bigint > 0 then jsonb_build_object('state', 'archived', 'code', null, 'reason',
      format('the log has no event of it after event %s, and earlier ones are archived', kept ->> 'archived_seq'))
    when kept -> 'cut' = 'true' then
      '{"state": "unknown", "code": null, "reason": "the log has never heard of it; there are more commands by SQL than the newest 10,000, which are looked at, and one of the others may name it"}'
    end;
end
$$;
