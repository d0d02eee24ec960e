-- job_queue_note_row(target, job_id, moved): notes that a row with this id belongs to no job but the one that is made from it.
-- Internal; called by the triggers on the user's tables.
--   moved  the row had another id before
-- A row is late if it came after a job with its id was made from a row, or if it is a second row with the id: the job cannot
-- have been made from it.
-- Returns nothing, raises nothing.
create or replace function public.job_queue_note_row(target text, job_id text, moved boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
begin
  if job_id is null or length(job_id) > 200 or to_regclass('public.job_queue_unlinked') is null then
    return;
  end if;
  insert into public.job_queue_unlinked as u (target, job_id, late)
  values ($1, $2, $3 or exists (
    select from public.job_queue_log l
     where l.queue = any (array(select h.queue from public.job_queue_heads h)) and l.job_id = $2
       and l.event_type = 'queued' and l.data ? 'intake'))
  on conflict (target, job_id) do update set late = true;
end
$$;
