-- job_queue_put_state(queue, state): makes the row of job_queue_state what the log says, whatever was done to it by hand.
-- Internal; called by job_queue_rebuild, and by job_queue_append if the row is not that of the version before.
--   state  columns of job_queue_state with times in microseconds; policy null or missing: unchanged
-- Returns 1 if the row was changed, 0 if it was right already or there is none.
create or replace function public.job_queue_put_state(queue text, state jsonb) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  row public.job_queue_state;
  changed integer;
begin
  select s.* into row from public.job_queue_state s where s.queue = $1 order by s.version desc limit 1;
  row := jsonb_populate_record(row, jsonb_build_object('active_job_id', null, 'active_job_type', null) || $2
    || jsonb_build_object('policy', coalesce(nullif($2 -> 'policy', 'null'), row.policy),
      'drained_at', 'epoch'::timestamptz + ($2 ->> 'drained_at')::bigint * interval '1 microsecond',
      'updated_at', case when ($2 ->> 'version')::bigint = 0 then to_jsonb(row.updated_at)
        else to_jsonb('epoch'::timestamptz + ($2 ->> 'updated_at')::bigint * interval '1 microsecond') end));
  update public.job_queue_state s
     set (status, version, active_job_id, active_job_type, active_models, active_count, waiting_count, policy, drained_at,
          updated_at)
       = (row.status, row.version, row.active_job_id, row.active_job_type, row.active_models, row.active_count,
          row.waiting_count, row.policy, row.drained_at, row.updated_at)
   where s.queue = $1 and s is distinct from row;
  get diagnostics changed = row_count;
  return changed;
end
$$;
