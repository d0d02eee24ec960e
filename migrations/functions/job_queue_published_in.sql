-- job_queue_published_in(queue): the commands that wait for the combiner, the first ones first: 500 of them or 256 KB at most. Internal;
-- called by job_queue_publish, job_queue_resign and job_queue_append_for.
-- Returns [{sender, command}, …].
create or replace function public.job_queue_published_in(queue text) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_object('sender', h.sender, 'command', h.command) order by h.place)), '[]')
    from (
      select f.place, f.sender, f.command, sum(pg_column_size(f.command)) over (order by f.place) - pg_column_size(f.command) as before
        from (
          select c.place, c.sender, c.command from public.job_queue_published c
           where c.queue = $1 and c.waits_until > clock_timestamp()
           order by c.place limit 500) f) h
   where h.before < 262144
$$;
