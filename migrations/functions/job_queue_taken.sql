-- job_queue_taken(queue, arrival_ids, refused): finishes arrivals that this queue had claimed. Doing it twice does nothing
-- more.
--   arrival_ids  arrivals that were sent to be put in line; those whose job is not in the log are offered again at once. A row whose
--                id the log knew before says so in conflict_reason (job_queue_say_known); while it is locked it stays claimed, and is
--                offered again then
--   refused      [{arrival_id, reason}, …]: arrivals that cannot be jobs; they go to job_queue_not_taken_in, which keeps the
--                newest 10,000
-- Never waits for somebody who is about to delete such a row: its arrival is offered again if the row stays.
-- Returns how many left the list of arrivals. Raises nothing.
create or replace function public.job_queue_taken(queue text, arrival_ids bigint[], refused jsonb) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  gone integer;
  reasons bigint[] := '{}';
  known bigint[];
  locked text[] := '{}';
begin
  -- What a crash takes is offered again, and the append finds it in the log.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if jsonb_array_length(refused) > 0 then
    reasons := array(
      select a.id from public.job_queue_arrivals a
       where a.queue = $1 and a.id = any (array(select (r ->> 'arrival_id')::bigint from jsonb_array_elements(refused) as r))
         for update skip locked);
    insert into public.job_queue_not_taken_in (id, queue, job_id, reason, arrived_at)
    select a.id, $1, a.job_id, left(r.reason, 500), a.arrived_at
      from jsonb_to_recordset(refused) as r (arrival_id bigint, reason text)
      join public.job_queue_arrivals a on a.id = r.arrival_id and a.id = any (reasons)
    on conflict (id) do nothing;
    -- Keeps the newest 10,000. The rows of `jobs` behind the others are unchanged: interlock adopt shows them.
    delete from public.job_queue_not_taken_in n
     where n.id < (select m.id from public.job_queue_not_taken_in m order by m.id desc offset 9999 limit 1);
  end if;
  -- Most are deleted already, by the append that put their job in line.
  known := array(
    select a.id from public.job_queue_arrivals a
     where a.queue = $1 and a.id = any ($2) and exists (
       select from public.job_queue_log l where l.queue = $1 and l.job_id = a.job_id)
       for update skip locked);
  if cardinality(known) > 0 then
    -- The log knew these before: an append takes the arrivals of its own jobs along.
    locked := public.job_queue_say_known($1, array(
      select distinct a.job_id from public.job_queue_arrivals a where a.id = any (known) order by a.job_id));
  end if;
  delete from public.job_queue_arrivals a
   where a.id = any (reasons) or (a.id = any (known) and a.job_id <> all (locked));
  get diagnostics gone = row_count;
  -- The append left these out because another transaction had them locked. They are free again at once, not only when the claim
  -- ends.
  update public.job_queue_arrivals a set claimed_until = clock_timestamp()
   where a.id = any (array(
     select b.id from public.job_queue_arrivals b
      where b.queue = $1 and b.id = any ($2) and b.id <> all (known) and b.claimed_until > clock_timestamp() for update skip locked));
  return gone;
end
$$;
