-- job_queue_explain(job_id, queue): where a job stands, for the page of the user whose job it is: his place in the line of each model,
-- why it waits, and about how long still. Runs with the rights of its caller and shows what job_queue_places shows him: the jobs whose
-- row in `jobs` he can read, and every job if he may read job_queue_jobs. Granted to no browser until you do so (docs/supabase.md).
-- It says what rows and events say, in the codes of `interlock explain`. The rules of admission are not in SQL: where the rows do not
-- settle why a job waits, `code` is null and `needs` is process.
-- Returns {job_id, queue, state, position, models, code, needs, reason, starts_in_seconds, starts_from_seconds, starts_to_seconds}; null
-- for a job that nobody has ever heard of. For users of the view: null too for a job that is not live, and all the same for one whose row
-- the caller cannot read, or whose row does not follow its job (yet: within a second).
--   state              waiting or active; for those who may read job_queue_jobs also submitted (by SQL or as a row of `jobs`, and nobody has
--                      decided), refused (it never came in), ended, archived (the log has no event of it any more), unknown (a row of `jobs`
--                      that no log knows)
--   position           how many stand ahead of it in the line of the whole queue; null when it stands in no line
--   models             [{model, ahead, running, capacity}, …]: in the line of each model, how many stand ahead (null: in no line), and
--                      how many run of how many
--   code, reason       why it waits (draining, not_due, model_paused, serialized, at_capacity, model_in_use, behind_in_line, no_worker,
--                      offered), what is wrong with it (late, lost, overdue), and that in a sentence; it names no other job and nobody.
--                      Else undecided, arrived, not_taken_in, adoptable, the code of a refusal, or how it ended (completed, failed,
--                      cancelled, expired, bypassed). Null: it runs, or see `needs`
--   needs              process: only a process can tell why it waits at this moment (interlock explain); else null
--   starts_in_seconds  an estimate, from how long jobs of these models took among the last 1,000 events, less how long the running ones
--                      have run; null: too little is known
--   starts_from_seconds, starts_to_seconds
--                      the range of that estimate, which holds for eight jobs of ten; null: fewer than two such jobs have completed
-- Raises 42501 for who may not call it, or may not read `jobs` at all.
create or replace function public.job_queue_explain(job_id text, queue text default 'default') returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  place jsonb;
  before text := coalesce(current_setting('interlock.place_of', true), '');
begin
  -- So that the view looks for one row of `jobs`, and not for those of all live jobs.
  perform set_config('interlock.place_of', $1, true);
  place := (select p.place from public.job_queue_places p where p.queue = $2 and p.job_id = $1);
  perform set_config('interlock.place_of', before, true);
  if place is not null or not has_function_privilege('public.job_queue_not_live(text, text)', 'EXECUTE') then
    return place;
  end if;
  place := public.job_queue_not_live($2, $1);
  return case when place is not null then '{"position": null, "models": [], "needs": null, "starts_in_seconds": null,
    "starts_from_seconds": null, "starts_to_seconds": null}'::jsonb || jsonb_build_object('job_id', $1, 'queue', $2) || place end;
end
$$;
