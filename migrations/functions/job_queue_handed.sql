-- job_queue_handed(queue): the commands that wait for the deciding process, the first ones first: 500 of them or 256 KB at
-- most. Internal; called by job_queue_hand_in, job_queue_pick_up and job_queue_append_for.
-- Returns [{sender, command}, …]. Commands older than 10 s are left out: their senders went on without an answer, or are gone.
create or replace function public.job_queue_handed(queue text) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_object('sender', h.sender, 'command', h.command) order by h.place)), '[]')
    from (
      select f.place, f.sender, f.command, sum(pg_column_size(f.command)) over (order by f.place) - pg_column_size(f.command) as before
        from (
          select c.place, c.sender, c.command from public.job_queue_handed_in c
           where c.queue = $1 and c.handed_at > clock_timestamp() - interval '10 s'
           order by c.place limit 500) f) h
   where h.before < 262144
$$;
