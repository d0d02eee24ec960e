-- job_queue_hand_in(queue, sender, for_ms, commands): hands commands to the process that decides for all. If there is none, the
-- sender becomes it.
--   sender    1..100 characters: a name for the process that no other process has
--   for_ms    1..60000: how long the sender decides if it becomes the one, unless it extends that (job_queue_pick_up)
--   commands  1..1000 of {command: {id, …}, answerTo, again, …}, of any content that those processes understand, 4 MB each at most; one with an
--             id that is already there is left as it is. answerTo of the first: the channel on which the sender is told something; again: it
--             was told to a deciding process before, and not answered
-- If one is handed in again, the sender has had no answer: then it also becomes the one if the connection of the deciding process is gone
-- (job_queue_deciders.backend). Returns {decides: false, decider, to} if they were handed in: the deciding process carries them out, and a notification
-- names their senders (job_queue_append_for); `to` is the channel on
-- which the deciding process can be told the next ones, null if it hears nothing or more than 8 processes work on the queue. {decides: true, version, handed} if no process decided: the commands were not handed in, the
-- queue is at that version, and `handed` has the commands of others that wait (job_queue_handed). Raises JQ001 for a call out
-- of bounds.
create or replace function public.job_queue_hand_in(queue text, sender text, for_ms integer, commands jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  setting text;
  is_decider boolean;
  is_again boolean;
begin
  if for_ms not between 1 and 60000 or jsonb_typeof(commands) is distinct from 'array'
     or jsonb_array_length(commands) not between 1 and 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_hand_in takes 1..60000 ms and a list of 1..1000 commands';
  end if;
  -- Need not be on disk: what a crash takes is handed in again.
  setting := set_config('synchronous_commit', 'off', true);
  -- Locks the row of the deciding process, so that it cannot resign before it has seen these commands.
  insert into public.job_queue_deciders as d (queue, decider, decides_until, backend, address)
  values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond', pg_backend_pid(), $4 #>> '{0,answerTo}')
  on conflict on constraint job_queue_deciders_pkey do update
     set decider = excluded.decider, decides_until = excluded.decides_until, backend = excluded.backend, address = excluded.address
   where d.decides_until < clock_timestamp() or d.decider = excluded.decider;
  is_decider := found;
  if not is_decider then
    with put as (
      insert into public.job_queue_handed_in (queue, command_id, sender, command)
      select $1, c.command #>> '{command,id}', $2, c.command from jsonb_array_elements($4) with ordinality as c (command, place)
       order by c.place
      -- If it is handed in again, its sender still waits for it: a later handed_at keeps it from being deleted as given up.
      on conflict on constraint job_queue_handed_in_pkey do update set handed_at = excluded.handed_at
      -- A row that was there already is locked by this transaction.
      returning xmax <> 0 as was_there)
    select bool_or(p.was_there) or $4 #> '{0,again}' = 'true' into is_again from put p;
    -- Asked only then: the server copies the state of all its connections for the answer.
    if is_again then
      update public.job_queue_deciders d
         set decider = $2, decides_until = clock_timestamp() + $3 * interval '1 millisecond', backend = pg_backend_pid(),
             address = $4 #>> '{0,answerTo}'
       where d.queue = $1 and d.backend is not null and not exists (select from pg_stat_get_activity(d.backend));
      is_decider := found;
    end if;
  end if;
  if is_decider then
    -- Deletes commands that their senders have given up, or left behind when they died.
    delete from public.job_queue_handed_in c where c.queue = $1 and c.handed_at < clock_timestamp() - interval '1 minute';
    -- The fastest writer loses no append, and would otherwise never learn that others write as well.
    perform public.job_queue_handled($1, '{}', array[$2]);
    return jsonb_build_object('decides', true, 'handed', public.job_queue_handed($1), 'version', coalesce(
      (select h.version from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0));
  end if;
  -- A notification wakes every process that listens to this database. Where many hand in, that costs the server more than the rows.
  return (
    select jsonb_build_object('decides', false, 'decider', d.decider, 'to', case when (
             select count(*) from public.job_queue_workers w
              where w.queue = $1 and not w.dead and w.expires_at > clock_timestamp()) <= 8 then d.address end)
      from public.job_queue_deciders d where d.queue = $1);
end
$$;
