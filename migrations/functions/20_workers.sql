-- Worker processes: their leases, what they hold, which of them are overdue, and who acts through them (operators).

-- job_queue_beat(queue, worker_id, kinds, free_slots, release, ttl_ms, grace_ms): registers a worker process, or renews its
-- lease. Never takes the queue's lock, so a busy queue delays no heartbeat. Its commit is as durable as an append's: a server that was
-- replaced cannot confirm one.
--   worker_id   the incarnation: new at each start, never reused; 1..200 characters
--   kinds       the kinds it has handlers for; null: all
--   free_slots  how many more jobs it could run
--   release     its release of Interlock, at most 200 characters; `0.1.0+reads.7`: it reads shapes of events (schema_version) up to 7
--   ttl_ms      how long the lease lives without another beat, 100 ms to a day; grace_ms: how long after that its jobs may be
--               expired, at most a day
-- Returns {alive, now, expires_at, version, overdue, arrived, requested, reads}. alive: false if the lease is over, which is final. A lease that
-- was confirmed before this server began to serve is not over: nobody could renew it meanwhile (job_queue_elsewhere).
-- Times are in microseconds; version is the head's. overdue: workers that hold jobs or serve places, and are gone; the process that reads this expires
-- them. arrived, requested: rows to take in, or commands and jobs by SQL, are waiting and nobody has claimed them. reads: the newest shape of
-- events that every live process reads (job_queue_reads). Raises JQ001 when an
-- argument is out of bounds.
create or replace function public.job_queue_beat(queue text, worker_id text, kinds text[], free_slots integer,
  release text, ttl_ms integer, grace_ms integer)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  clock timestamptz := clock_timestamp();
  setting text;
  lease record;
  alive boolean;
  given text[] := regexp_match($5, E'^(.*)\\+reads\\.(\\d{1,4})$');
begin
  if length(queue) between 1 and 200 is not true or length(worker_id) between 1 and 200 is not true
     or free_slots >= 0 is not true or length(release) <= 200 is not true
     or ttl_ms between 100 and 86400000 is not true or grace_ms between 0 and 86400000 is not true then
    raise exception using errcode = 'JQ001', message = 'an argument of job_queue_beat is missing or out of bounds';
  end if;
  -- In the body, as in job_queue_append.
  setting := set_config('synchronous_commit', 'on', true);
  -- The update reads the clock again: it may have waited for an append that declares this worker dead.
  insert into interlock.job_queue_workers as w
    (queue, worker_id, kinds, free_slots, release, reads, started_at, beat_at, expires_at, ttl_ms, grace_ms, server_since)
  values ($1, $2, $3, $4, coalesce(given[1], $5), given[2]::smallint, clock, clock, clock + $6 * interval '1 millisecond', $6, $7,
    pg_postmaster_start_time())
  on conflict (queue, worker_id) do update set
    kinds = excluded.kinds, free_slots = excluded.free_slots, release = excluded.release, reads = excluded.reads, ttl_ms = excluded.ttl_ms,
    grace_ms = excluded.grace_ms, beat_at = clock_timestamp(),
    expires_at = clock_timestamp() + excluded.ttl_ms * interval '1 millisecond', server_since = excluded.server_since
    where not w.dead and (w.expires_at > clock_timestamp() or (not w.settled and interlock.job_queue_elsewhere(w.server_since)))
  returning w.expires_at, w.started_at = w.beat_at as is_new into lease;
  alive := found;
  if not alive then
    select w.expires_at, false as is_new into lease
      from interlock.job_queue_workers w where w.queue = $1 and w.worker_id = $2;
  end if;
  if lease.is_new then
    perform interlock.job_queue_forget_workers($1);
  end if;
  return jsonb_build_object(
    'alive', alive,
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    'expires_at', (extract(epoch from lease.expires_at) * 1000000)::bigint,
    'version', coalesce((
      select h.version from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0),
    'arrived', exists (select from interlock.job_queue_arrivals a
      where (a.queue is null or a.queue = $1 or interlock.job_queue_given_up(a.queue, a.claimed_until, a.job_id))
        and coalesce(a.claimed_until < clock, true)),
    'requested', exists (select from interlock.job_queue_inbox i
      where i.queue = $1 and i.answered_at is null and coalesce(i.taken_until < clock, true))
      or exists (select from interlock.job_queue_submissions s where s.queue = $1 and coalesce(s.taken_until < clock, true)),
    'overdue', interlock.job_queue_overdue($1, lease.is_new),
    'reads', interlock.job_queue_reads($1));
end
$$;

-- job_queue_reads(queue): the newest shape of events (schema_version) that every live process of the queue reads, so that it may be written.
-- A process of a release that does not say it reads 6. A worker by SQL, whose release is not one of Interlock's, reads no events. Internal.
-- Returns null where no process is alive. Raises nothing.
create or replace function interlock.job_queue_reads(queue text) returns integer
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select min(coalesce(w.reads, 6)) from interlock.job_queue_workers w
   where w.queue = $1 and not w.dead and w.release ~ E'^\\d+\\.\\d+\\.\\d+'
     and (w.expires_at > clock_timestamp() or w.server_since <> pg_postmaster_start_time())
$$;

-- job_queue_elsewhere(server_since): whether a lease was last confirmed before this server began to serve: on this one before it was
-- started again, or on another one that it has taken over from. While no server served, nobody could renew a lease. And what is
-- known of it here may be older than what its worker was told, and by another clock. So it is live, however its times read, until a
-- beat gives it its whole time to live again (job_queue_overdue).
-- Returns false for a lease that was confirmed on this server since it began.
--   server_since  of its row in job_queue_workers; null: not noted yet, taken for this server
create or replace function interlock.job_queue_elsewhere(server_since timestamptz) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce($1 <> pg_postmaster_start_time(), false)
$$;

-- job_queue_overdue(queue, thorough): the workers that hold active jobs, or have said which places they serve, although their lease is past ttl + grace, or they left,
-- or their row is missing; for job_queue_beat.
--   thorough  look even if no worker's row says so: a row that was deleted by hand says nothing. That reads all of
--             job_queue_jobs (job_queue_holders), so a beat does it only for a new worker
-- A lease whose last beat is in the future is cut to its ttl from now, once: the clock was set back. One that was confirmed before this
-- server began to serve gets its whole ttl from now, once, if it was not given up: nobody could renew it meanwhile.
-- Returns [worker_id, …], ascending. A worker that has been gone for a minute and holds nothing is settled, and nobody looks
-- for its jobs again: no append that found it live can still be under way.
create or replace function interlock.job_queue_overdue(queue text, thorough boolean) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  clock timestamptz := clock_timestamp();
  overdue jsonb;
begin
  -- Otherwise the lease of a process that is gone would last until the clock has caught up; a live process beats again before
  -- that. A difference below a second is ignored: another beat may have read the clock since. Skips locked rows, as below.
  update interlock.job_queue_workers w
     set beat_at = least(w.beat_at, clock), server_since = pg_postmaster_start_time(),
         expires_at = case when interlock.job_queue_elsewhere(w.server_since) and not w.dead then clock + w.ttl_ms * interval '1 millisecond'
                           else least(w.expires_at, clock + w.ttl_ms * interval '1 millisecond') end
   where w.queue = $1 and w.worker_id in (
     select f.worker_id from interlock.job_queue_workers f
      where f.queue = $1
        and (f.beat_at > clock + interval '1 second'
          or (not f.dead and not f.settled and interlock.job_queue_elsewhere(f.server_since)))
        for update skip locked);
  if not thorough and not exists (
       select from interlock.job_queue_workers w where w.queue = $1 and not w.settled
          and (w.dead or w.expires_at + w.grace_ms * interval '1 millisecond' < clock)) then
    return '[]';
  end if;
  overdue := (
    select coalesce(jsonb_agg(distinct k.worker_id order by k.worker_id), '[]')
      from (select interlock.job_queue_holders($1) as worker_id
             union all
            select unnest(s.servers) from (
              select s.servers from public.job_queue_state s where s.queue = $1 order by s.version desc limit 1) s) k
     where not exists (
         select from interlock.job_queue_workers w
          where w.queue = $1 and w.worker_id = k.worker_id
            and not w.dead and (w.expires_at + w.grace_ms * interval '1 millisecond' >= clock
              or interlock.job_queue_elsewhere(w.server_since))));
  -- SKIP LOCKED, since two beats that settle the same rows must not wait for each other.
  update interlock.job_queue_workers w set settled = true
   where w.queue = $1 and w.worker_id in (
     select g.worker_id from interlock.job_queue_workers g
      where g.queue = $1 and not g.settled and not overdue ? g.worker_id
        and (g.dead or (g.expires_at + g.grace_ms * interval '1 millisecond' < clock and not interlock.job_queue_elsewhere(g.server_since)))
        and g.expires_at < clock - interval '1 minute'
        for update skip locked);
  return overdue;
end
$$;

-- job_queue_holders(queue): the workers that hold active jobs. No index leads to these, since it would be written at each start and end. It
-- reads all of job_queue_jobs in the order in which it lies on the disk, at PostgreSQL's own costs of that: by those of its callers, which
-- look up a few rows by a key, it would go along an index, and with a million jobs take seconds. Internal.
-- Returns each once. Raises nothing.
create or replace function interlock.job_queue_holders(queue text) returns setof text
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 4
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
set jit = off
as $$
  select distinct j.worker_id from public.job_queue_jobs j
   where j.queue = $1 and j.state = 'active' and j.worker_id is not null
$$;

-- job_queue_forget_workers(queue): deletes the rows of workers that have been gone for a day and hold nothing; for
-- job_queue_beat. Not sooner: a process that was paused has to find that its lease is over, and must not register again.
-- Returns nothing.
create or replace function interlock.job_queue_forget_workers(queue text) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  delete from interlock.job_queue_workers w
   where w.queue = $1
     -- In this order: mostly none is gone for so long, and then the jobs are not read.
     and case when w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp() - interval '1 day'
              then w.worker_id <> all (array(select interlock.job_queue_holders($1))) end
$$;

-- job_queue_leave(queue, worker_id): ends the lease of a worker process at once. What it still holds may be expired from now
-- on. Its row stays for a day, so that a heartbeat on its way does not bring it back.
-- Returns true if the worker was there. Never takes the queue's lock.
create or replace function public.job_queue_leave(queue text, worker_id text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update interlock.job_queue_workers w
     set dead = true, expires_at = least(w.expires_at, clock_timestamp())
   where w.queue = $1 and w.worker_id = $2;
  return found;
end
$$;

-- job_queue_held(worker_id, queue): the attempts that were started for a worker process and have not ended. It shows the truth
-- if an answer was lost, or if a job that the worker waited for was started since.
--   worker_id  as given to job_queue_beat
--   queue      `default` unless given
-- Returns [{job_id, job_type, kind, models, priority, attempt, attempts, postponed, fencing_token, epoch, fence, started_at, cancel_requested,
-- places}, …], the oldest start first; started_at in microseconds. Empty if its lease is not live: then it holds nothing any more.
-- Raises nothing.
create or replace function public.job_queue_held(worker_id text, queue text default 'default') returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
begin
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', j.job_id, 'job_type', j.job_type, 'kind', j.kind,
             'models', j.models, 'priority', j.priority, 'attempt', j.attempt, 'attempts', j.attempts, 'postponed', j.postponed,
             'fencing_token', j.fencing_token, 'epoch', h.epoch,
             'fence', lpad(h.epoch::text, 10, '0') || '.' || lpad(j.fencing_token::text, 16, '0'),
             'started_at', (extract(epoch from j.started_at) * 1000000)::bigint,
             'cancel_requested', j.cancel_requested)
             || case when j.places is null then '{}' else jsonb_build_object('places', j.places) end order by j.fencing_token)), '[]')
      from public.job_queue_jobs j
      cross join (select h.epoch from interlock.job_queue_heads h where h.queue = $2 order by h.version desc limit 1) h
      join interlock.job_queue_workers w on w.queue = j.queue and w.worker_id = j.worker_id
     where j.queue = $2 and j.worker_id = $1 and j.state = 'active' and not w.dead
       and (w.expires_at > clock_timestamp() or interlock.job_queue_elsewhere(w.server_since)));
end
$$;

-- job_queue_worker_list(queue): the worker processes of a queue, the oldest first, including those that left in the last day.
-- Returns [{worker_id, kinds, free_slots, release, reads, started_at, beat_at, expires_at, state}, …]: times in microseconds; kinds
-- null: every kind; reads: the newest shape of events that it reads, null: a worker by SQL, which reads none; state live, late (past its time to live) or dead (past the grace too, or it left).
create or replace function public.job_queue_worker_list(queue text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_object(
           'worker_id', w.worker_id, 'kinds', w.kinds, 'free_slots', w.free_slots, 'release', w.release,
           'reads', case when w.release ~ E'^\\d+\\.\\d+\\.\\d+' then coalesce(w.reads, 6) end,
           'started_at', (extract(epoch from w.started_at) * 1000000)::bigint,
           'beat_at', (extract(epoch from w.beat_at) * 1000000)::bigint,
           'expires_at', (extract(epoch from w.expires_at) * 1000000)::bigint,
           'state', case
             when w.dead then 'dead'
             when interlock.job_queue_elsewhere(w.server_since) and not w.settled then 'live'
             when w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp() then 'dead'
             when w.expires_at <= clock_timestamp() then 'late'
             else 'live' end)
           order by w.started_at, w.worker_id)), '[]')
    from interlock.job_queue_workers w
   where w.queue = $1
$$;

-- job_queue_sign(queue, worker_id, operator, host, command): notes who acts through a process, beside the log (job_queue_operators).
--   worker_id  as in the events of the process; 1..200 characters. What was noted first stays
--   operator   a person or role; host: the machine; command: what was typed. Cut at 200, 200 and 500 characters; host and
--              command may be null
-- Returns true if it was noted. Never takes the queue's lock. Raises JQ001 when an argument is missing or out of bounds.
create or replace function public.job_queue_sign(queue text, worker_id text, operator text, host text, command text)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if length($1) between 1 and 200 is not true or length($2) between 1 and 200 is not true or $3 is null then
    raise exception using errcode = 'JQ001', message = 'an argument of job_queue_sign is missing or out of bounds';
  end if;
  insert into interlock.job_queue_operators (queue, worker_id, operator, host, command)
  values ($1, $2, left($3, 200), left($4, 200), left($5, 500))
  on conflict do nothing;
  return found;
end
$$;

-- job_queue_signed(queue, worker_ids): who acted through these processes (job_queue_sign), 1,000 at most. Who was not noted, or was
-- deleted, is missing.
-- Returns [{worker_id, operator, host, command, at}, …]; at in microseconds since 1970. Raises JQ001 for too many ids.
create or replace function public.job_queue_signed(queue text, worker_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  if cardinality($2) <= 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_signed takes at most 1,000 ids';
  end if;
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('worker_id', o.worker_id, 'operator', o.operator, 'host', o.host,
             'command', o.command, 'at', (extract(epoch from o.noted_at) * 1000000)::bigint))), '[]')
      from interlock.job_queue_operators o
     where o.queue = $1 and o.worker_id = any ($2));
end
$$;

-- job_queue_forget_operator(operator): deletes what job_queue_operators has of a person or role, in every queue. For erasure: the log
-- keeps the ids of the processes, which then name nobody. Idempotent.
-- Returns how many rows were deleted. Raises nothing.
create or replace function public.job_queue_forget_operator(operator text) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  forgotten integer;
begin
  delete from interlock.job_queue_operators o where o.operator = $1;
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
