-- Jobs that are enqueued `once`: their ids stay taken after their end (docs/guides/idempotency.md).

-- job_queue_once_before(queue, events): jobs whose ids are taken by others that were enqueued `once`, of those that these events enqueue
-- `once`. Internal; called by job_queue_append under the queue's lock, which then answers `once`.
--   events  as for job_queue_append
-- Returns [{job_id, seq, until, body, payload_hash, has_data, stands_for}, …], rows of job_queue_once with times in microseconds; null if there are
-- none. Raises nothing.
create or replace function interlock.job_queue_once_before(queue text, events jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  select to_jsonb(array_agg(jsonb_build_object('job_id', o.job_id, 'seq', o.seq, 'until', (extract(epoch from o.until) * 1000000)::bigint,
           'body', o.body, 'payload_hash', o.payload_hash, 'has_data', o.has_data, 'stands_for', o.stands_for)))
    from jsonb_to_recordset($2) as e (at bigint, event_type text, job_id text, data jsonb)
    -- OFFSET 0 keeps this from becoming a join with all ids of the queue.
    cross join lateral (select k.* from interlock.job_queue_once k where k.queue = $1 and k.job_id = e.job_id offset 0) as o
   where e.event_type in ('queued', 'deduplicated') and e.data ? 'once'
     and (o.until is null or o.until > 'epoch'::timestamptz + e.at * interval '1 microsecond')
$$;

-- job_queue_put_once(queue, events): remembers the jobs that these events enqueue `once`, and forgets up to 100 others of the queue, or
-- twice as many as come, whose time is over. Internal; called by job_queue_append under the queue's lock.
--   events  as for job_queue_append
-- Returns nothing. Raises nothing.
create or replace function interlock.job_queue_put_once(queue text, events jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  put bigint;
begin
  insert into interlock.job_queue_once as o (queue, job_id, seq, until, body, payload_hash, has_data, digest, stands_for)
  select $1, e.job_id, e.seq,
         'epoch'::timestamptz + (e.at + nullif((e.data ->> 'once')::bigint, 0) * 1000) * interval '1 microsecond',
         coalesce((e.data ->> 'body')::bigint, 0), (e.data ->> 'payload_hash')::bigint, e.data ? 'has_data',
         -- Nothing but hashes is known of a job that never came into line.
         case e.event_type when 'queued' then interlock.job_queue_job_digest(interlock.job_queue_event_body(e.job_type, e.models, e.data), d.payload,
           d.payload is null and coalesce(e.data ?| '{has_data,payload_hash}', false)) end, e.data ->> 'stands_for'
    from jsonb_to_recordset($2) as e (seq bigint, at bigint, event_type text, job_id text, job_type text, models text[], data jsonb)
    left join lateral (
      select k.payload from interlock.job_queue_data k where k.queue = $1 and k.job_id = e.job_id and k.life = e.seq offset 0) as d on true
   where e.event_type in ('queued', 'deduplicated') and e.data ? 'once'
  on conflict on constraint job_queue_once_pkey do update set
    seq = excluded.seq, until = excluded.until, body = excluded.body, payload_hash = excluded.payload_hash, has_data = excluded.has_data,
    digest = excluded.digest, stands_for = excluded.stands_for;
  get diagnostics put = row_count;
  perform interlock.job_queue_sweep_once($1, greatest(100, 2 * put)::integer);
end
$$;

-- job_queue_sweep_once(queue, most): forgets jobs that were enqueued `once` and whose time was over at the last event of the queue. Their
-- rows have no effect any more. Internal; called by job_queue_put_once and job_queue_archive under the queue's lock.
--   most  how many at most, those first that are over for longest
-- Returns nothing. Raises nothing.
create or replace function interlock.job_queue_sweep_once(queue text, most integer) returns void
language sql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
  delete from interlock.job_queue_once o
   where o.queue = $1 and o.job_id = any (array(
     select k.job_id from interlock.job_queue_once k
      where k.queue = $1 and k.until <= (select max(h.last_at) from interlock.job_queue_heads h where h.queue = $1)
      order by k.until limit $2))
$$;

-- job_queue_check_once(queue): compares job_queue_once with the events that log and archive still have, for a program that checks what was
-- changed by hand (`interlock verify`). Says nothing of rows whose event is gone, or whose time is over. Reads the whole log.
-- Returns [{job_id, stored, logged}, …], at most 1,000: the row as it is and as the log says, {seq, until, body, payload_hash, has_data, stands_for}, with
-- times in microseconds; null where there is none. Raises nothing.
create or replace function public.job_queue_check_once(queue text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
set statement_timeout = '10min'
as $$
#variable_conflict use_column
declare
  head record;
begin
  select h.archived_seq, h.last_at into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  return (
    with events as materialized (
      select l.seq, l.job_id, l.created_at, l.data from public.job_queue_log l
       where l.queue = $1 and l.event_type in ('queued', 'deduplicated') and l.data ? 'once'
      union
      select a.seq, a.job_id, a.created_at, a.data from interlock.job_queue_log_archive a
       where a.queue = $1 and a.event_type in ('queued', 'deduplicated') and a.data ? 'once'),
    voided as materialized (
      select (l.data ->> 'of')::bigint as seq from public.job_queue_log l where l.queue = $1 and l.event_type = 'voided'),
    logged as (
      select distinct on (e.job_id) e.job_id, e.seq,
             e.created_at + nullif((e.data ->> 'once')::bigint, 0) * interval '1 millisecond' as until,
             coalesce((e.data ->> 'body')::bigint, 0) as body, (e.data ->> 'payload_hash')::bigint as payload_hash,
             e.data ? 'has_data' as has_data, e.data ->> 'stands_for' as stands_for
        from events e where e.seq not in (select v.seq from voided v)
       order by e.job_id, e.seq desc),
    stored as (
      select o.job_id, o.seq, o.until, o.body, o.payload_hash, o.has_data, o.stands_for,
             -- An event that is in neither has gone with a cut: of that row nothing can be said.
             o.seq > head.archived_seq
               or exists (select from public.job_queue_log l where l.queue = $1 and l.seq = o.seq)
               or exists (select from interlock.job_queue_log_archive a where a.queue = $1 and a.seq = o.seq) as is_told
        from interlock.job_queue_once o where o.queue = $1),
    differing as (
      select coalesce(s.job_id, g.job_id) as job_id,
             case when s.job_id is not null then jsonb_build_object('seq', s.seq, 'until', (extract(epoch from s.until) * 1000000)::bigint,
               'body', s.body, 'payload_hash', s.payload_hash, 'has_data', s.has_data, 'stands_for', s.stands_for) end as stored,
             case when g.job_id is not null and coalesce(g.until > head.last_at, true) then jsonb_build_object('seq', g.seq,
               'until', (extract(epoch from g.until) * 1000000)::bigint, 'body', g.body, 'payload_hash', g.payload_hash,
               'has_data', g.has_data, 'stands_for', g.stands_for) end as logged
        from stored s full join logged g on g.job_id = s.job_id
       where (s.job_id is null or s.is_told or s.seq < g.seq)
         and (s.seq, s.until, s.body, s.payload_hash, s.has_data, s.stands_for)
           is distinct from (g.seq, g.until, g.body, g.payload_hash, g.has_data, g.stands_for)
         and (s.job_id is not null and coalesce(s.until > head.last_at, true)
           or g.job_id is not null and coalesce(g.until > head.last_at, true))
       order by 1 limit 1000)
    select coalesce(to_jsonb(array_agg(to_jsonb(d) order by d.job_id)), '[]') from differing d);
end
$$;

-- job_queue_rebuild_once(queue): makes rows of job_queue_once what the log says, under the queue's lock: up to 1,000 of those that
-- job_queue_check_once finds. A payload that is deleted is not compared any more.
-- Returns how many rows it has removed and written in all; 0: there was nothing to do. Raises 55P03 when the lock does not come free within
-- 2 s.
create or replace function public.job_queue_rebuild_once(queue text) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set statement_timeout = '10min'
set lock_timeout = '2s'
as $$
#variable_conflict use_column
declare
  found_rows jsonb;
begin
  perform from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  found_rows := public.job_queue_check_once($1);
  delete from interlock.job_queue_once o
   using jsonb_to_recordset(found_rows) as d (job_id text)
   where o.queue = $1 and o.job_id = d.job_id;
  insert into interlock.job_queue_once (queue, job_id, seq, until, body, payload_hash, has_data, digest, stands_for)
  select $1, d.job_id, r.seq, 'epoch'::timestamptz + r.until * interval '1 microsecond', r.body, r.payload_hash, r.has_data,
         case when r.stands_for is null then interlock.job_queue_job_digest(interlock.job_queue_event_body(e.job_type, e.models, e.data), p.payload,
           p.payload is null and coalesce(e.data ?| '{has_data,payload_hash}', false)) end, r.stands_for
    from jsonb_to_recordset(found_rows) as d (job_id text, logged jsonb)
    cross join lateral jsonb_to_record(d.logged) as r (seq bigint, until bigint, body bigint, payload_hash bigint, has_data boolean, stands_for text)
    left join lateral (
      select l.job_type, l.models, l.data from public.job_queue_log l where l.queue = $1 and l.seq = r.seq
      union all
      select a.job_type, a.models, a.data from interlock.job_queue_log_archive a where a.queue = $1 and a.seq = r.seq
      limit 1) as e on true
    left join lateral (
      select k.payload from interlock.job_queue_data k where k.queue = $1 and k.job_id = d.job_id and k.life = r.seq offset 0) as p on true
   where jsonb_typeof(d.logged) = 'object';
  return jsonb_array_length(found_rows);
end
$$;
