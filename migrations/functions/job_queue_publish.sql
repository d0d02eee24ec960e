-- job_queue_publish(queue, sender, wait_ms, seen, commands): publishes commands for the combiner (docs/several-writers.md). If there is
-- none, or it makes no progress, the sender becomes the combiner.
--   sender    1..100 characters: a name for the process that no other process has
--   wait_ms   1..86400000: so long the sender waits before it publishes again; a command is dropped after four times that
--   seen      {election, oldest} of the last answer, if the sender was not answered since; null at first. If nothing has moved since, or the
--             connection of the combiner is gone, the sender takes its place
--   commands  1..1000 of {command: {id, …}, answerTo, …}, of any content that these processes understand, 4 MB each at most; one with an
--             id that is already there keeps its place
-- Returns {combines: false, seen: {election, oldest}, barren} if they were published: a notification names the sender when they are carried
-- out (job_queue_append_for). barren: elections in a row that came to nothing. {combines: true, version, published} if the sender
-- combines from now on: its own commands were not published, the queue is at that version, and `published` has those of the others
-- (job_queue_published_in). Raises JQ001 for a call out of bounds.
create or replace function public.job_queue_publish(queue text, sender text, wait_ms integer, seen jsonb, commands jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  setting text;
  is_elected boolean;
  -- JSON's null as well as SQL's: nothing was seen.
  is_again boolean := coalesce(jsonb_typeof(seen) = 'object', false);
  current record;
  first bigint;
begin
  if wait_ms is null or wait_ms not between 1 and 86400000 or jsonb_typeof(commands) is distinct from 'array'
     or jsonb_array_length(commands) not between 1 and 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_publish takes 1..86400000 ms and a list of 1..1000 commands';
  end if;
  -- Need not be on disk: what a crash takes is published again.
  setting := set_config('synchronous_commit', 'off', true);
  -- Locks the row, so that the combiner cannot resign before it has seen these commands.
  insert into public.job_queue_combiners as c (queue, combiner, backend) values ($1, $2, pg_backend_pid())
  on conflict on constraint job_queue_combiners_pkey do update
     set combiner = excluded.combiner, election = c.election + 1, barren = 0, oldest = null, backend = excluded.backend
   where c.combiner is null or c.combiner = excluded.combiner;
  is_elected := found;
  if not is_elected then
    insert into public.job_queue_published (queue, command_id, sender, command, waits_until)
    select $1, c.command #>> '{command,id}', $2, c.command, clock_timestamp() + 4 * $3 * interval '1 millisecond'
      from jsonb_array_elements($5) with ordinality as c (command, place)
     -- Not ON CONFLICT, which waits for an append that is deleting the row: two that lock several rows could wait for each other.
     where not exists (select from public.job_queue_published k where k.queue = $1 and k.command_id = c.command #>> '{command,id}')
     order by c.place;
    -- Its sender still waits. A row that an append is deleting is left alone, for the same reason.
    update public.job_queue_published p set waits_until = clock_timestamp() + 4 * $3 * interval '1 millisecond'
     where p.queue = $1 and is_again and p.command_id in (
       select k.command_id from public.job_queue_published k where k.queue = $1
          and k.command_id in (select c.command #>> '{command,id}' from jsonb_array_elements($5) as c (command)) for update skip locked);
    select c.combiner, c.election, c.barren, c.oldest, c.backend into current from public.job_queue_combiners c where c.queue = $1;
    select min(p.place) into first from public.job_queue_published p where p.queue = $1 and p.waits_until > clock_timestamp();
    -- Whether its connection is gone is asked only then: the server copies the state of all its connections for the answer.
    is_elected := is_again
      and ((($4 ->> 'election')::bigint = current.election and ($4 ->> 'oldest')::bigint is not distinct from first)
           or not exists (select from pg_stat_get_activity(current.backend)));
    if not is_elected then
      return jsonb_build_object('combines', false, 'barren', current.barren,
        'seen', jsonb_build_object('election', current.election, 'oldest', first));
    end if;
    update public.job_queue_combiners c
       set combiner = $2, election = c.election + 1, backend = pg_backend_pid(), oldest = first,
           barren = case when c.oldest = first then least(c.barren + 1, 20) else 1 end
     where c.queue = $1;
  end if;
  -- Its own, and those that their senders have given up, or left behind when they died.
  delete from public.job_queue_published p where p.queue = $1 and p.command_id in (
    select k.command_id from public.job_queue_published k where k.queue = $1 and (k.waits_until < clock_timestamp()
        or k.command_id in (select c.command #>> '{command,id}' from jsonb_array_elements($5) as c (command))) for update skip locked);
  -- The fastest writer loses no append, and would otherwise never learn that others write as well.
  perform public.job_queue_answered($1, '{}', array[$2]);
  return jsonb_build_object('combines', true, 'published', public.job_queue_published_in($1), 'version', coalesce(
    (select h.version from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0));
end
$$;
