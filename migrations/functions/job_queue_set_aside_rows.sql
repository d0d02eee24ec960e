-- job_queue_set_aside_rows(queue, target, tried, missed, state): records which rows could not be written. Internal; called by
-- job_queue_project only.
--   tried   ids that were just tried: those that are not in missed are done and leave the list
--   missed  ids that could not be written: tried again after 0.1 s, 0.2 s, … at most 60 s
--   state   the SQLSTATE that says why
-- Returns nothing, raises nothing.
create or replace function public.job_queue_set_aside_rows(
  queue text, target text, tried text[], missed text[], state text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  delete from public.job_queue_set_aside s
   where s.queue = $1 and s.target = $2 and s.job_id = any ($3) and s.job_id <> all ($4);
  insert into public.job_queue_set_aside as s (queue, target, job_id, next_at, sqlstate)
  select $1, $2, id, clock_timestamp() + interval '100 milliseconds', $5 from unnest($4) as id
  on conflict (queue, target, job_id) do update
    set tries = s.tries + 1, sqlstate = excluded.sqlstate,
        next_at = clock_timestamp() + least(interval '100 milliseconds' * 2 ^ least(s.tries, 10), interval '60 seconds');
end
$$;
