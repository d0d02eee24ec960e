-- job_queue_pick_up(queue, decider, for_ms, done, senders, resigns): the deciding process picks up what others have handed in,
-- and goes on deciding.
--   for_ms   1..60000: how long it decides from now on
--   done     ids of commands that need no append any more: they are deleted
--   senders  the senders of those commands, named in a notification as by job_queue_append_for
--   resigns  true: it stops deciding if nothing is handed in; a notification on channel interlock says so, 'resigned:<queue>'
-- Returns {decides, handed}: whether it goes on deciding (false also if another process has taken its place), and the commands
-- that wait (job_queue_handed). Raises JQ001 for a call out of bounds.
create or replace function public.job_queue_pick_up(
  queue text, decider text, for_ms integer, done text[], senders text[], resigns boolean) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  setting text;
  handed jsonb := '[]';
  is_decider boolean;
begin
  if for_ms not between 1 and 60000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_pick_up takes 1..60000 ms';
  end if;
  setting := set_config('synchronous_commit', 'off', true);
  -- Locked from here on: a command that is handed in after the look below finds no deciding process, or is seen by the next look.
  update public.job_queue_deciders d set decides_until = clock_timestamp() + $3 * interval '1 millisecond', backend = pg_backend_pid()
   where d.queue = $1 and d.decider = $2;
  is_decider := found;
  perform public.job_queue_handled($1, $4, $5);
  if is_decider then
    handed := public.job_queue_handed($1);
    if $6 and handed = '[]' then
      delete from public.job_queue_deciders d where d.queue = $1 and d.decider = $2;
      is_decider := false;
      if current_setting('interlock.notify', true) is distinct from 'off' then
        perform pg_notify('interlock', 'resigned:' || $1);
      end if;
    end if;
  end if;
  return jsonb_build_object('decides', is_decider, 'handed', handed);
end
$$;
