-- Dead letters: jobs whose last life ended without success.

-- job_queue_dead(queue, filter): the dead letters, the newest first: jobs whose last life ended without success (a final
-- `failed`, a final `lease_expired`, `expired`), except those that are in line again or were dropped. A job that was asked to
-- stop before its last attempt ended was cancelled, so it is not one. Void events count as what `voided` events say
-- (job_queue_voided).
--   filter  {model, since, before, job_ids, causes, links, lim}: only jobs whose last attempt needed this model; that ended at this time
--           or later (microseconds since 1970); whose end has a smaller sequence number (for the next page); with these ids; that failed
--           because of one of these; links: true also says what each came after; at most so many, 1..1,000, 100 unless given. Null or
--           missing fields restrict nothing
-- Pages by `before` are cheap, whatever the length of the log (job_queue_log_dead_idx). `since` has no index of its own: where fewer
-- than lim are that new, every death in the log is looked at once.
-- Returns [{job_id, seq, at, code, attempts, queued, error, after}, …]. seq and at are those of the end. code: why the last attempt
-- failed, or lease_expired or expired. attempts: how many it had in that life, without those that
-- were given back. queued: its first event, with what the job
-- was enqueued with and the models that it needed last (each step of a workflow may need others). error: from job_queue_data,
-- null if there is none. after: [{job, goes_on}, …], if it was asked for and there are any. Raises JQ001 for a limit out of bounds.
create or replace function public.job_queue_dead(queue text, filter jsonb) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  wanted record;
  voids json := interlock.job_queue_voided($1, 0);
  nothing bigint[] := interlock.job_queue_void_seqs($1, false);
  no_death bigint[] := interlock.job_queue_void_seqs($1, true);
begin
  select f.model, f.since, f.before, f.job_ids, f.causes, coalesce(f.links, false) as links, coalesce(f.lim, 100) as lim into wanted
    from jsonb_to_record(coalesce(filter, '{}'))
      as f (model text, since bigint, before bigint, job_ids text[], causes text[], links boolean, lim integer);
  if wanted.lim not between 1 and 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_dead takes a limit of 1..1,000';
  end if;
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object(
             'job_id', f.job_id, 'seq', f.seq, 'at', (extract(epoch from f.created_at) * 1000000)::bigint,
             'code', case f.event_type when 'failed' then coalesce((
               select e -> 1 ->> 'code' from json_array_elements(voids) with ordinality as j (e, n)
                where (e ->> 0)::bigint = f.seq order by n desc limit 1), f.data ->> 'code') else f.event_type end,
             'attempts', (
               select count(*) filter (where s.event_type = 'started')
                      - count(*) filter (where s.data ->> 'reason' in ('unacknowledged', 'later', 'drained'))
                 from public.job_queue_log s
                where s.queue = $1 and s.job_id = f.job_id and s.event_type in ('started', 'requeued') and s.seq <> all (nothing)
                  and s.seq > (f.queued ->> 'seq')::bigint and s.seq < f.seq),
             'queued', f.queued,
             'error', (
               select d.error from interlock.job_queue_data d
                where d.queue = $1 and d.job_id = f.job_id and d.life = (f.queued ->> 'seq')::bigint))
             || case when wanted.links and f.queued -> 'data' ? 'after' then jsonb_build_object('after', (
               select coalesce(to_jsonb(array_agg(jsonb_build_object('job', a.job, 'goes_on', k.data ? 'goes_on') order by k.seq, a.n)), '[]')
                 from public.job_queue_log k
                 cross join lateral jsonb_array_elements_text(k.data -> 'after') with ordinality as a (job, n)
                where k.queue = $1 and k.job_id = f.job_id and k.event_type = 'linked' and k.seq <> all (nothing)
                  and k.seq > (f.queued ->> 'seq')::bigint and k.seq < f.seq)) else '{}' end
             order by f.seq desc)), '[]')
      from (
        select l.*, q.queued
          from public.job_queue_log l
          join lateral (
            -- The last life of the job. If one began after this end, the end is no longer listed.
            select jsonb_build_object('seq', b.seq, 'at', (extract(epoch from b.created_at) * 1000000)::bigint,
                     'event_type', b.event_type, 'job_id', b.job_id, 'job_type', b.job_type, 'models', needs.models,
                     'worker_id', b.worker_id, 'data', b.data, 'command_id', b.command_id, 'command_hash', b.command_hash,
                     'schema_version', b.schema_version) as queued, b.seq, needs.models
              from public.job_queue_log b
              cross join lateral (
                select coalesce((
                  select r.models from public.job_queue_log r
                   where r.queue = $1 and r.job_id = b.job_id and r.event_type = 'requeued' and r.models is not null
                     and r.seq > b.seq
                   order by r.seq + 0 desc limit 1), b.models) as models) needs
             where b.queue = $1 and b.job_id = l.job_id and b.event_type = 'queued' and b.seq <> all (nothing)
             order by b.seq + 0 desc limit 1) q on q.seq < l.seq
         where l.queue = $1
           and (l.event_type = 'expired' or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final'))
           and l.seq <> all (no_death)
           and not exists (
             select from public.job_queue_log c
              where c.queue = $1 and c.job_id = l.job_id and c.event_type = 'cancel_requested' and c.seq < l.seq and c.seq <> all (nothing)
                and c.seq > (select max(s.seq + 0) from public.job_queue_log s
                              where s.queue = $1 and s.job_id = l.job_id and s.event_type = 'started' and s.seq < l.seq))
           and (wanted.before is null or l.seq < wanted.before)
           and (wanted.since is null or l.created_at >= 'epoch'::timestamptz + wanted.since * interval '1 microsecond')
           and (wanted.job_ids is null or l.job_id = any (wanted.job_ids))
           and (wanted.causes is null or l.data ->> 'cause' = any (wanted.causes))
           and (wanted.model is null or wanted.model = any (q.models))
           and not exists (
             select from interlock.job_queue_dropped d where d.queue = $1 and d.job_id = l.job_id and d.seq >= l.seq)
         order by l.seq desc limit wanted.lim) f);
end
$$;

-- job_queue_drop(queue, job_ids): takes dead letters off the list and deletes what is kept of them beside the log. Changes
-- nothing for jobs that are live or ended in another way. Idempotent.
-- Returns how many were dropped. Raises nothing.
create or replace function public.job_queue_drop(queue text, job_ids text[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  dropped integer;
  nothing bigint[] := interlock.job_queue_void_seqs($1, false);
  no_death bigint[] := interlock.job_queue_void_seqs($1, true);
begin
  with lives as materialized (
    select i.id as job_id, (
             select max(l.seq + 0) from public.job_queue_log l
              where l.queue = $1 and l.job_id = i.id and l.event_type = 'queued'
                and l.seq <> all (nothing)) as life, (
             select max(l.seq + 0) from public.job_queue_log l
              where l.queue = $1 and l.job_id = i.id and (l.event_type = 'expired'
                or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final'))
                and l.seq <> all (no_death)) as seq
      from (select distinct unnest($2) as id) i),
  ended as materialized (
    select * from lives where seq > life),
  -- A job that is put in line again at this moment has a new life, and keeps the data of that life.
  forgotten as (
    delete from interlock.job_queue_data d using ended e
     where d.queue = $1 and d.job_id = e.job_id and d.job_id = any ($2) and d.life = e.life),
  marked as (
    insert into interlock.job_queue_dropped as m (queue, job_id, seq) select $1, e.job_id, e.seq from ended e
    on conflict (queue, job_id) do update set seq = excluded.seq, dropped_at = clock_timestamp()
      where m.seq < excluded.seq
    returning 1)
  select count(*) into dropped from marked;
  return dropped;
end
$$;
