-- job_queue_explain(job_id, queue): where a job stands, for the page of the user whose job it is: his place in the line of each model,
-- why it waits, and about how long still. Runs with the rights of its caller and shows what job_queue_places shows him: the jobs whose
-- row in `jobs` he can read. Granted to no browser until you do so (docs/supabase.md).
-- Returns {job_id, queue, state, position, models, code, reason, starts_in_seconds, starts_from_seconds, starts_to_seconds}; null for a
-- job that is not live, and all the same for one whose row the caller cannot read, or whose row does not follow its job (yet: within a
-- second).
--   state              waiting or active
--   position           how many stand ahead of it in the line of the whole queue; null when it stands in no line
--   models             [{model, ahead, running, capacity}, …]: in the line of each model, how many stand ahead (null: in no line), and
--                      how many run of how many
--   code, reason       why it waits (draining, not_due, model_paused, serialized, at_capacity, model_in_use, behind_in_line, offered),
--                      and that in a sentence; it names no other job and nobody; code is null for an active job
--   starts_in_seconds  an estimate, from how long jobs of these models took among the last 1,000 events, less how long the running ones
--                      have run; null: too little is known
--   starts_from_seconds, starts_to_seconds
--                      the range of that estimate, which holds for eight jobs of ten; null: fewer than two such jobs have completed
-- Raises 42501 for who may not call it, or may not read `jobs` at all.
create or replace function public.job_queue_explain(job_id text, queue text default 'default') returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (select p.place from public.job_queue_places p where p.queue = $2 and p.job_id = $1);
end
$$;
