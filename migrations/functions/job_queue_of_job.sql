-- job_queue_of_job(queue, job_id): what the tables say of one job beside its row in job_queue_jobs, to explain what is with it, with or
-- without a process alive. Reads only, judges nothing.
-- Returns an object; times in microseconds:
--   version, now           the last event of the queue, and the database's clock
--   archived_seq           up to which event the log is archived
--   kept                   whether job_queue_log_archive has events of the queue
--   events, voided         the last events of the job that are in the log, 200 at most, in order (as in job_queue_read)
--   commands               [{request_id, type, at, refusal}, …]: commands by SQL that name it, the newest first, 20 at most: undecided ones
--                          (refusal null), and of the last day refused ones that would have put it in line; refusal: {code, message, at}
--   cut                    whether the queue has more such commands than were looked at: the newest 10,000 of each kind, 64 MB in all
--   arrived_at             when its row of `jobs` arrived that nobody has taken in; null: there is none
--   not_taken_in           {reason, at}: why its row of `jobs` was not taken in; null: it was, or there is none
--   row                    pending or running: the state of a row of `jobs` under this id that no log knows and that has not arrived; null:
--                          there is none
--   behind                 {events, age_ms}: events of the job that its row of `jobs` does not follow yet, and the age of the first; null:
--                          it has no such row
-- Raises nothing.
create or replace function public.job_queue_of_job(queue text, job_id text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  head record;
  events jsonb;
  commands record;
  arrived timestamptz := (
    select min(a.arrived_at) from public.job_queue_arrivals a where a.job_id = $2 and (a.queue = $1 or a.queue is null));
  names jsonb := public.job_queue_columns('jobs');
  target record;
  status text;
begin
  select * into head from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  -- seq + 0: a plain order by would read the primary key backwards, past the events of all other jobs.
  select coalesce(to_jsonb(array_agg(to_jsonb(e) order by e.seq)), '[]') into events from (
    select l.seq, (extract(epoch from l.created_at) * 1000000)::bigint as at, l.event_type, l.job_id, l.job_type, l.models, l.worker_id,
           l.data, l.command_id, l.command_hash, l.schema_version
      from public.job_queue_log l
     where l.queue = $1 and l.job_id = $2 and l.seq > coalesce(head.archived_seq, 0)
     order by l.seq + 0 desc limit 200) e;
  -- Sizes are read without the commands themselves, which may be large.
  with looked as materialized (
    select o.*, row_number() over w as n, sum(pg_column_size(o.command)) over w as bytes
      from ((select i.request_id, i.command, i.created_at, i.answered_at, i.answer from public.job_queue_inbox i
              where i.queue = $1 and i.answered_at is null order by i.created_at desc limit 10001)
            union all
            (select i.request_id, i.command, i.created_at, i.answered_at, i.answer from public.job_queue_inbox i
              where i.queue = $1 and i.answered_at is not null and i.answer @> '{"ok": false}' and i.command @> '{"type": "enqueue"}'
              order by i.answered_at desc limit 10001)) o
    window w as (partition by o.answered_at is null order by o.created_at desc)),
  named as (
    select k.* from looked k
     where k.n <= 10000 and k.bytes <= 67108864 and (k.command ->> 'job_id' = $2
        or coalesce(k.command #>> '{job,job_id}', k.command #>> '{job,jobId}') = $2
        or k.command @> jsonb_build_object('jobs', jsonb_build_array(jsonb_build_object('job_id', $2)))
        or k.command @> jsonb_build_object('jobs', jsonb_build_array(jsonb_build_object('jobId', $2))))
     order by k.created_at desc limit 20)
  select (select coalesce(to_jsonb(array_agg(jsonb_build_object('request_id', k.request_id, 'type', k.command ->> 'type',
            'at', (extract(epoch from k.created_at) * 1000000)::bigint, 'refusal', case when k.answered_at is not null then jsonb_build_object(
              'code', k.answer ->> 'code', 'message', k.answer ->> 'message', 'at', (extract(epoch from k.answered_at) * 1000000)::bigint) end)
            order by k.created_at desc)), '[]') from named k) as list,
         (select coalesce(bool_or(k.n > 10000 or k.bytes > 67108864), false) from looked k) as cut
    into commands;
  select * into target from public.job_queue_targets() t where t.target = 'jobs';
  if found and (target.key_type <> 'uuid' or $2 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
     and exists (select from pg_attribute a where a.attrelid = to_regclass('public.jobs') and a.attname = names ->> 'status' and not a.attisdropped) then
    execute format('select coalesce(t.%I::text, '''') from public.jobs t where t.%I = $1::%s limit 1',
      names ->> 'status', target.key_column, target.key_type) into status using $2;
  end if;
  return jsonb_build_object(
    'version', coalesce(head.version, 0), 'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint, 'archived_seq', coalesce(head.archived_seq, 0),
    'kept', exists (select from public.job_queue_log_archive a where a.queue = $1),
    'events', events, 'voided', public.job_queue_voided($1, coalesce((events #>> '{0,seq}')::bigint, 1) - 1),
    'commands', commands.list, 'cut', commands.cut,
    'arrived_at', (extract(epoch from arrived) * 1000000)::bigint,
    'not_taken_in', (
      select jsonb_build_object('reason', n.reason, 'at', (extract(epoch from n.refused_at) * 1000000)::bigint)
        from public.job_queue_not_taken_in n where n.queue = $1 and n.job_id = $2 order by n.id desc limit 1),
    'row', case when arrived is null and not public.job_queue_known($2) then case status
      when public.job_queue_status('pending') then 'pending' when public.job_queue_status('running') then 'running' end end,
    'behind', case when status is not null then (
      select jsonb_build_object('events', count(*),
               'age_ms', (extract(epoch from clock_timestamp()) * 1000 - min((e ->> 'at')::bigint) / 1000)::bigint)
        from jsonb_array_elements(events) as e where (e ->> 'seq')::bigint > head.projected_seq) end);
end
$$;
