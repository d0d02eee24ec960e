-- job_queue_resign(queue, combiner, done, senders): the combiner has nothing left to do, and resigns if nothing is published; a notification
-- on channel interlock then says so, 'resigned:<queue>'.
--   done     ids of commands that need no append: they are deleted
--   senders  the senders of those commands, named in a notification (job_queue_answered)
-- Returns {combines, published}: whether it goes on, and what is published (job_queue_published_in). combines is also false if another
-- process has taken its place.
create or replace function public.job_queue_resign(queue text, combiner text, done text[], senders text[]) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  setting text := set_config('synchronous_commit', 'off', true);
  published jsonb := '[]';
  combines boolean;
begin
  -- Locked from here on: a command that is published after the look below finds no combiner, or is seen by the next look.
  perform from public.job_queue_combiners c where c.queue = $1 and c.combiner = $2 for update;
  combines := found;
  perform public.job_queue_answered($1, $3, $4);
  if combines then
    published := public.job_queue_published_in($1);
    if published = '[]' then
      update public.job_queue_combiners c set combiner = null where c.queue = $1;
      combines := false;
      if current_setting('interlock.notify', true) is distinct from 'off' then
        perform pg_notify('interlock', 'resigned:' || $1);
      end if;
    end if;
  end if;
  return jsonb_build_object('combines', combines, 'published', published);
end
$$;
