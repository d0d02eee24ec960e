-- job_queue_lock(queue): takes the queue's lock until the transaction ends and returns its head row; makes the row when
-- the queue is new. For the functions that write to the log (append, turn).
-- A wait for the lock is bounded: 0.5 s through PostgREST, whose few connections serve the user's front end too, 2 s
-- otherwise; a lock_timeout that the session has set itself stays. Both settings end with the transaction.
-- Returns (version, epoch, last_at). Raises JQ001 for a name of more than 200 characters, 55P03 (lock_not_available).
create or replace function public.job_queue_lock(queue text, out version bigint, out epoch integer, out last_at timestamptz)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if queue is null or length(queue) not between 1 and 200 then
    raise exception using errcode = 'JQ001', message = 'the name of a queue has 1 to 200 characters';
  end if;
  -- In the body: a SET clause on the function is undone before the commit that it is meant for.
  perform set_config('synchronous_commit', 'on', true);
  if current_setting('lock_timeout') = '0' then
    perform set_config('lock_timeout',
      case when coalesce(current_setting('request.method', true), '') = '' then '2s' else '500ms' end, true);
  end if;
  -- A statement of its own, and not part of a query that reads the log: its snapshot is older than the wait.
  select h.version, h.epoch, h.last_at into version, epoch, last_at
    from public.job_queue_heads h where h.queue = $1 for update;
  if found then
    return;
  end if;
  insert into public.job_queue_heads (queue) values ($1) on conflict do nothing;
  select h.version, h.epoch, h.last_at into version, epoch, last_at
    from public.job_queue_heads h where h.queue = $1 for update;
end
$$;
