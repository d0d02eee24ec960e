-- job_queue_answered(queue, done, senders): deletes published commands, and names their senders in a notification on channel interlock
-- (who is not among them knows by it that there is a combiner): 'answered:<sender>,…:<queue>:<version>'. Internal; called by
-- job_queue_publish, job_queue_resign and job_queue_append_for.
-- Returns nothing.
create or replace function public.job_queue_answered(queue text, done text[], senders text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  if cardinality($2) > 0 then
    delete from public.job_queue_published c where c.queue = $1 and c.command_id = any ($2);
  end if;
  -- A notification holds 8,000 bytes. A process that is not named looks by itself, later.
  if cardinality($3) > 0 and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'answered:' || array_to_string($3[:60], ',') || ':' || $1 || ':' || (
      select h.version from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1));
  end if;
end
$$;
