-- job_queue_project(queue, batch): the outer projection. Brings the coordination columns of the user's tables (and the
-- status of jobs that were taken in) up to date with the log, in a transaction of its own, right after an append; any process may call it at any time, also to catch up
-- or to try again what was set aside.
--   queue  name of the queue
--   batch  how many events to follow at most, 1..10,000
-- Returns {projected_seq, version, written, set_aside, busy, targets, took_ms}: how far the tables follow now and how far the log
-- goes; how many rows were written; how many rows are set aside; busy true when another process is at it or somebody has
-- locked a table or the queue's head (nothing was moved, call again later); how many tables there are to write to;
-- how many milliseconds it took.
-- Where the user's tables refuse rows, also refused: [{target, sqlstate, rows, example}, …], those of the rows that are set aside for that.
-- Raises 22023 when batch is out of bounds. Waits for no row lock, and 0.25 s at most for the head, which it takes last:
-- a user's open UPDATE on jobs can stop neither the queue nor this function.
create or replace function public.job_queue_project(queue text, batch integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set lock_timeout = '250ms'
as $$
declare
  began timestamptz := clock_timestamp();
  head record;
  target record;
  ids text[];
  again text[];
  through bigint;
  at bigint;
  targets integer := 0;
  written integer := 0;
  busy boolean := false;
begin
  if batch is null or batch not between 1 and 10000 then
    raise exception using errcode = '22023', message = 'batch must be 1..10000';
  end if;
  -- After a crash the log brings all of this back. So it does not wait for the disk, unless the caller's transaction has written
  -- something of its own.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  select h.projected_seq, h.version into head
        from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if head is null then
    return jsonb_build_object('projected_seq', 0, 'version', 0, 'written', 0, 'set_aside', 0, 'busy', false, 'targets', 0);
  end if;
  through := head.projected_seq;
  if pg_try_advisory_xact_lock(hashtextextended('interlock.project:' || queue, 0)) then
    begin
      -- Read again, since it may have moved before we had the lock. Ids and rows are read in separate statements, so a row may be
      -- newer than `through`. Then the event that changed it comes next, and finds the row right.
      select h.projected_seq, h.version into head
        from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
      through := least(head.version, head.projected_seq + batch);
      ids := public.job_queue_touched(queue, head.projected_seq, through);
      for target in select * from public.job_queue_targets() loop
        targets := targets + 1;
        select array_agg(s.job_id) into again from (
          select a.job_id from public.job_queue_set_aside a
           where a.queue = $1 and a.target = target.target and a.next_at <= clock_timestamp()
           order by a.next_at limit batch) s;
        continue when cardinality(ids) = 0 and again is null;
        -- SKIP LOCKED skips only rows: we must not wait for a lock on the whole table either.
        execute format('lock table public.%I in row exclusive mode nowait', target.target);
        written := written + public.job_queue_project_target(queue, target.target, target.key_column, target.key_type,
          array(select unnest(ids) union select unnest(again)));
      end loop;
      if targets = 0 then
        -- There is no table to write to. For a table that comes later, the migration starts at 0 again.
        through := head.version;
      end if;
      if through > head.projected_seq then
        -- From where it was: changes below are deleted already, and an old transaction may keep their rows visible.
        delete from public.job_queue_changes c where c.queue = $1 and c.seq > head.projected_seq and c.seq <= through;
        select h.version into at from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
        -- Not if it was started again meanwhile.
        update public.job_queue_heads h set projected_seq = through
         where h.queue = $1 and h.version = at and h.projected_seq = head.projected_seq;
      end if;
    exception when lock_not_available then
      busy := true;
      written := 0;
      through := head.projected_seq;
    end;
  else
    busy := true;
    targets := (select count(*) from public.job_queue_targets());
  end if;
  return jsonb_build_object(
    'projected_seq', through, 'version', head.version, 'written', written, 'busy', busy, 'targets', targets,
    'took_ms', ceil(extract(epoch from clock_timestamp() - began) * 1000),
    'set_aside', (select count(*) from public.job_queue_set_aside a where a.queue = $1))
    || coalesce((select jsonb_build_object('refused', jsonb_agg(to_jsonb(r))) from (
      select a.target, a.sqlstate, count(*) as rows, min(a.job_id) as example from public.job_queue_set_aside a
       where a.queue = $1 and a.sqlstate not in ('55P03', '00000', 'JQ109') group by 1, 2 order by 1, 2) r
      having count(*) > 0), '{}');
end
$$;
