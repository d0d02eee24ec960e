-- job_queue_reproject(queue): starts the outer projection of a queue again, for rows that were changed by hand or are left from
-- an earlier coordinator. Writes no row of the user itself: job_queue_project then follows the whole log again and writes what
-- differs. Doing it twice does nothing more.
--   queue  name of the queue
-- Returns {version, marked}: how far the log goes, and how many of the user's rows say that they are blocked. Those are checked
-- even if the log does not know them. Raises nothing.
create or replace function public.job_queue_reproject(queue text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  target record;
  names jsonb;
  marked integer;
  total integer := 0;
  last bigint;
begin
  -- A projection that is under way would set the checkpoint after us.
  perform pg_advisory_xact_lock(hashtextextended('interlock.project:' || $1, 0));
  for target in select * from public.job_queue_targets() loop
    names := public.job_queue_columns(target.target);
    execute format(
      'insert into public.job_queue_set_aside (queue, target, job_id, sqlstate)
       select $1, %1$L, t.%2$I::text, ''00000'' from public.%1$I t
        where (t.%3$I is not null or t.%4$I is not null) and length(t.%2$I::text) between 1 and 200
          and not exists (select from public.job_queue_jobs j where j.job_id = t.%2$I::text and j.queue <> $1)
       on conflict (queue, target, job_id) do update set next_at = clock_timestamp()',
      target.target, target.key_column, names ->> 'blocked_by_job_id', names ->> 'conflict_reason') using $1;
    get diagnostics marked = row_count;
    total := total + marked;
  end loop;
  update public.job_queue_heads h set projected_seq = 0 where h.queue = $1 returning h.version into last;
  return jsonb_build_object('version', coalesce(last, 0), 'marked', total);
end
$$;
