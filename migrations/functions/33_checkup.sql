-- What `interlock doctor` and health checks look at: the server, the catalog, and what waits. Reads only, judges nothing.

-- job_queue_checkup(queue): what `interlock doctor` looks at. Call it rarely: it reads the catalog, the settings of the server,
-- and everything that waits in one queue. Reads only, judges nothing.
-- Returns an object; times in microseconds, ages in milliseconds:
--   now, session_age_ms  the database's clock, and how long ago this connection to the server was made
--   server               {version, synchronous_commit, off_by_role: [role, …], fsync, full_page_writes, in_recovery}
--   replication          null, if this server cannot tell; or {names, sees_all, waiting, oldest_wait_ms, standbys: [{name, state, sync, lag_bytes, lag_ms}, …]}: the setting
--                        synchronous_standby_names, empty if no commit waits; whether the owner of this function sees other roles'
--                        sessions (pg_read_all_stats): if not, of a standby only that it is there, and of sessions only its own; the
--                        sessions whose commit waits for a standby now, and for how long the first has; the standbys that are
--                        connected: sync is sync, quorum, potential or async; how much of the log it has not on disk, and for how long
--                        (null: it has everything, or is quiet)
--   functions            [{name, sum, definer}, …]: SHA-256 of the body of each of Interlock's functions
--   realtime             whether there is realtime.send, which triggers use to announce news
--   xmin                 the longest open transaction that makes the server keep old versions of rows, or null: {kind,
--                        application, state, role, age_ms}; kind: backend, prepared; for other people's sessions only what the
--                        caller's role may see
--   triggers             [{table, name, enabled}, …] of Interlock's triggers
--   account              what is in the way in the user's tables, or may be a mistake there (job_queue_account)
--   tables               {jobs, workflow_executions}: {exists, followed, missing: [what Interlock lacks, …]}
--   grants               {caller, missing: [what the caller may not do, …], open: [what anon, authenticated or PUBLIC may do,
--                        …]}
--   set_aside            [{target, sqlstate, rows, tries, age_ms, example}, …]: rows of yours that cannot be written
--   not_taken_in         {rows, job_id, reason}: rows that cannot be jobs and have not come in since; the newest
--   arrivals, inbox      {rows, age_ms}: rows not taken in yet, commands not decided yet; the age of the oldest
--   behind               {events, age_ms}: events that your tables do not follow yet
--   log                  {bytes, archive_bytes, events, own, oldest_at, week}: the sizes of the tables of log and archive with
--                        their indexes; the events in the log of all queues, and of this one; the time of this one's first
--                        event; week: {events, age_ms}: its events of the last seven days, and the age of the first of them;
--                        null if there are none
--   unknown_rows         {old, new}: rows that another coordinator has blocked, queued before and after the migration; counts
--                        at most 1,000
--   first                null, or {active_job_id, written_at}: what the first coordinator's tables say
--   ends                 [{job_id, pid, name, role, age_ms}, …]: transactions that have kept the end of a running job at their commit for 2 s
--                        or longer (job_queue_complete_in): pid null: it is prepared, and `name` is its gid; else the application. Of other
--                        roles' sessions only where the owner of this function sees them; 100 at most
--   foreign_writes       [{pid, role, application}, …]: sessions whose last statement wrote to job_queue_state or job_queue_log
-- Raises nothing.
create or replace function public.job_queue_checkup(queue text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  caller name := coalesce(nullif(current_setting('role', true), 'none'), session_user);
  head record;
  activated timestamptz := (select min(m.applied_at) from public.job_queue_migrations m);
  first jsonb;
  seen jsonb;
  replication jsonb;
  unknown_rows jsonb := '{"old": 0, "new": 0}';
  target record;
  of_jobs jsonb := interlock.job_queue_columns('jobs');
  of_runs jsonb := interlock.job_queue_columns('workflow_executions');
begin
  select * into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if to_regclass('public.job_queue_state_v1') is not null then
    execute $sql$select jsonb_build_object('active_job_id', max(to_jsonb(s) ->> 'active_job_id'),
      'written_at', max((to_jsonb(s) ->> 'updated_at')::timestamptz)) from public.job_queue_state_v1 s$sql$ into first;
  end if;
  if to_regclass('public.job_queue_log_v1') is not null then
    execute $sql$select jsonb_build_object('written_at', max((to_jsonb(l) ->> 'created_at')::timestamptz))
      from public.job_queue_log_v1 l$sql$ into seen;
    first := coalesce(first, '{"active_job_id": null}') || jsonb_build_object('written_at', greatest(
      (first ->> 'written_at')::timestamptz, (seen ->> 'written_at')::timestamptz));
  end if;
  if first is not null then
    first := first || jsonb_build_object('written_at',
      case when (first ->> 'written_at')::timestamptz > activated
        then (extract(epoch from (first ->> 'written_at')::timestamptz) * 1000000)::bigint end);
  end if;
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if found then
    execute format($sql$
      select jsonb_build_object('old', count(*) filter (where u.queued_at <= $1 or u.queued_at is null),
                                'new', count(*) filter (where u.queued_at > $1))
        from (select t.%2$I as queued_at from public.jobs t
               where t.%3$I is not null and not exists (
                 select from public.job_queue_log l
                  where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = t.%1$I::text)
               limit 1000) u
      $sql$, target.key_column, of_jobs ->> 'queued_at', of_jobs ->> 'blocked_by_job_id') into unknown_rows using activated;
  end if;
  begin
    replication := jsonb_build_object('names', current_setting('synchronous_standby_names'),
      'sees_all', pg_has_role(current_user, 'pg_read_all_stats', 'usage'),
      'waiting', (select count(*) from pg_stat_activity a where a.wait_event = 'SyncRep'),
      'oldest_wait_ms', (select max((extract(epoch from clock_timestamp() - a.state_change) * 1000)::bigint)
        from pg_stat_activity a where a.wait_event = 'SyncRep'),
      'standbys', (select coalesce(jsonb_agg(jsonb_build_object('name', r.application_name, 'state', r.state, 'sync', r.sync_state,
          'lag_bytes', case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_flush_lsn(), r.flush_lsn)::bigint end,
          'lag_ms', (extract(epoch from r.flush_lag) * 1000)::bigint) order by r.application_name, r.pid), '[]')
        from pg_stat_replication r));
  exception when others then
    -- Servers that replicate in a way of their own have no such places in the log (Aurora).
    replication := null;
  end;
  return jsonb_build_object(
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    -- Hidden from an owner without pg_read_all_stats, if the session is another role's.
    'session_age_ms', coalesce((select (extract(epoch from clock_timestamp() - a.backend_start) * 1000)::bigint
                         from pg_stat_activity a where a.pid = pg_backend_pid()), 0),
    'server', jsonb_build_object('version', current_setting('server_version_num')::int,
      'synchronous_commit', current_setting('synchronous_commit'), 'fsync', current_setting('fsync'),
      'full_page_writes', current_setting('full_page_writes'), 'in_recovery', pg_is_in_recovery(),
      'off_by_role', (select coalesce(jsonb_agg(distinct coalesce(r.rolname::text, 'every role')), '[]')
        from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole
       where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
         and s.setconfig && array['synchronous_commit=off', 'synchronous_commit=local'])),
    'replication', replication,
    'functions', (select coalesce(jsonb_agg(jsonb_build_object('name', p.proname, 'definer', p.prosecdef,
        'sum', encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex')) order by p.proname), '[]')
      from pg_proc p where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname like E'job\\_queue\\_%'),
    'realtime', to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null,
    'xmin', (select to_jsonb(x) from (
      select 'backend' as kind, a.application_name as application, a.state, a.usename as role,
             (extract(epoch from clock_timestamp() - a.xact_start) * 1000)::bigint as age_ms
        from pg_stat_activity a
       where a.pid <> pg_backend_pid() and a.backend_xmin is not null and a.xact_start is not null
         and (a.datname = current_database() or a.backend_type <> 'client backend')
      union all
      select 'prepared', p.gid, 'prepared', p.owner, (extract(epoch from clock_timestamp() - p.prepared) * 1000)::bigint
        from pg_prepared_xacts p where p.database = current_database()
      order by 5 desc limit 1) x),
    'triggers', (select coalesce(jsonb_agg(jsonb_build_object('table', t.tgrelid::regclass::text, 'name', t.tgname,
        'enabled', t.tgenabled in ('O', 'A')) order by t.tgrelid::regclass::text, t.tgname), '[]')
      from pg_trigger t join pg_proc p on p.oid = t.tgfoid
     where not t.tgisinternal and t.tgname ~ '^(000_)?job_queue_' and p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace)),
    'account', interlock.job_queue_account(),
    'tables', (select jsonb_object_agg(n.name, jsonb_build_object('exists', to_regclass('public.' || n.name) is not null and not exists (
          -- Another installation's.
          select from pg_trigger g join pg_proc p on p.oid = g.tgfoid
           where g.tgrelid = to_regclass('public.' || n.name) and g.tgname = '000_job_queue_guard_update'
             and p.pronamespace not in ('public'::regnamespace, 'interlock'::regnamespace)),
        'followed', exists (select from interlock.job_queue_targets() f where f.target = n.name),
        'missing', case when to_regclass('public.' || n.name) is null then '[]'::jsonb else (
          select coalesce(jsonb_agg(w.what), '[]') from (
            select 'a table of this name: it is something else' as what
             where not exists (select from pg_class t where t.oid = to_regclass('public.' || n.name) and t.relkind in ('r', 'p'))
            union all
            select 'a key ' || array_to_string(n.keys, ' or ') || ' of type text, varchar or uuid'
                || coalesce((select format(' (%s could be it)', u.attname) from pg_index i
                     join pg_attribute u on u.attrelid = i.indrelid and u.attnum = i.indkey[0]
                    where i.indrelid = to_regclass('public.' || n.name) and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
                      and u.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
                    order by i.indisprimary desc, u.attnum limit 1), '')
             where not exists (select from pg_attribute a
               where a.attrelid = to_regclass('public.' || n.name) and a.attname = any (n.keys) and not a.attisdropped
                 and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype))
            union all
            select 'the column ' || (n.names ->> c) from unnest(n.columns) as c
             where not exists (select from pg_attribute a
               where a.attrelid = to_regclass('public.' || n.name) and a.attname = n.names ->> c and not a.attisdropped)
            union all
            select 'the right to ' || r || ' for ' || current_user from unnest(array['SELECT', 'UPDATE']) as r
             where not has_table_privilege(to_regclass('public.' || n.name), r)) w) end))
      from (values
        ('jobs', of_jobs, array[of_jobs ->> 'job_id'], array['status', 'model', 'required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority']),
        ('workflow_executions', of_runs,
          case when of_runs ? 'execution_id' then array[of_runs ->> 'execution_id'] else array['execution_id', 'id'] end, array['required_models', 'blocked_by_job_id', 'conflict_reason']))
        as n (name, names, keys, columns)),
    'grants', jsonb_build_object('caller', caller,
      'missing', (select coalesce(jsonb_agg(m.what order by m.what), '[]') from (
        select 'EXECUTE ON FUNCTION ' || p.proname as what from pg_proc p
         where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname like E'job\\_queue\\_%' and p.prorettype <> 'trigger'::regtype
           and not has_function_privilege(caller, p.oid, 'EXECUTE')
        union all
        select 'SELECT ON TABLE ' || c.relname from pg_class c
         where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relkind = 'r'
           and c.relname = any (string_to_array('{{tables}}', ','))
           and not has_table_privilege(caller, c.oid, 'SELECT')) m),
      'open', (select coalesce(jsonb_agg(distinct o.who || ': ' || o.what), '[]') from (
        select coalesce(r.rolname::text, 'PUBLIC') as who, p.proname::text as what
          from pg_proc p, lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x left join pg_roles r on r.oid = x.grantee
         where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname like E'job\\_queue\\_%'
           and (x.grantee = 0 or r.rolname in ('anon', 'authenticated'))
           -- The functions that users may be granted, to see where their own jobs stand (job_queue_explain).
           and not (x.grantee <> 0 and r.rolname = 'authenticated' and p.proname in ('job_queue_explain', 'job_queue_own_rows', 'job_queue_user_path'))
        union all
        select coalesce(r.rolname::text, 'PUBLIC'), c.relname::text
          from pg_class c, lateral aclexplode(c.relacl) x left join pg_roles r on r.oid = x.grantee
         where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relkind = 'r'
           and c.relname = any (string_to_array('{{tables}}', ','))
           and (x.grantee = 0 or r.rolname in ('anon', 'authenticated'))) o)),
    'set_aside', (select coalesce(jsonb_agg(to_jsonb(s) order by s.rows desc), '[]') from (
      select a.target, a.sqlstate, count(*) as rows, max(a.tries) as tries, min(a.job_id) as example,
             (extract(epoch from clock_timestamp() - min(a.since)) * 1000)::bigint as age_ms
        from public.job_queue_set_aside a where a.queue = $1 group by 1, 2) s),
    'not_taken_in', (select jsonb_build_object('rows', count(*), 'job_id', (array_agg(left(n.job_id, 200) order by n.id desc))[1],
        'reason', (array_agg(n.reason order by n.id desc))[1]) from public.job_queue_not_taken_in n
       where n.queue = $1
         and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = n.job_id)
         and not exists (select from interlock.job_queue_arrivals a where a.job_id = n.job_id)),
    'arrivals', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(a.arrived_at)) * 1000)::bigint)
      from interlock.job_queue_arrivals a where a.queue = $1 or a.queue is null),
    'inbox', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(o.at)) * 1000)::bigint)
      from (select i.created_at as at from interlock.job_queue_inbox i where i.queue = $1 and i.answered_at is null
            union all select s.submitted_at from interlock.job_queue_submissions s where s.queue = $1 and s.code is null) o),
    'behind', jsonb_build_object('events', coalesce(head.version - head.projected_seq, 0),
      'age_ms', (select (extract(epoch from clock_timestamp() - l.created_at) * 1000)::bigint
                   from public.job_queue_log l where l.queue = $1 and l.seq = head.projected_seq + 1)),
    'log', jsonb_build_object(
      'bytes', pg_total_relation_size('public.job_queue_log'), 'archive_bytes', pg_total_relation_size('interlock.job_queue_log_archive'),
      'events', (select coalesce(sum(h.version - h.archived_seq), 0) from interlock.job_queue_heads h),
      'own', coalesce(head.version - head.archived_seq, 0),
      'oldest_at', (select (extract(epoch from l.created_at) * 1000000)::bigint
                      from public.job_queue_log l where l.queue = $1 and l.seq = head.archived_seq + 1),
      'week', (select jsonb_build_object('events', head.version - l.seq + 1,
                 'age_ms', (extract(epoch from clock_timestamp() - l.created_at) * 1000)::bigint)
                 from public.job_queue_log l
                where l.created_at > clock_timestamp() - interval '7 days' and l.queue = $1
                order by l.created_at limit 1)),
    'unknown_rows', unknown_rows,
    'first', first,
    -- Who has locked the row of an attempt is in its xmax. An append that has is over in milliseconds.
    'ends', (select coalesce(to_jsonb(array_agg(to_jsonb(e))), '[]') from (
      select j.job_id, s.pid, s.name, s.role, (extract(epoch from clock_timestamp() - s.since) * 1000)::bigint as age_ms
        from (
          select a.backend_xid as xid, a.pid, a.application_name as name, a.usename as role, coalesce(a.state_change, a.xact_start) as since
            from pg_stat_activity a where a.backend_xid is not null and a.datname = current_database()
          union all
          select p.transaction, null, p.gid, p.owner, p.prepared from pg_prepared_xacts p where p.database = current_database()) s
        join public.job_queue_jobs j on j.queue = $1 and j.state = 'active' and j.xmax = s.xid
       where s.since < clock_timestamp() - interval '2 seconds'
       order by s.since limit 100) e),
    'foreign_writes', (select coalesce(jsonb_agg(jsonb_build_object('pid', a.pid, 'role', a.usename, 'application', a.application_name)), '[]')
      from pg_stat_activity a
     where a.datname = current_database() and a.pid <> pg_backend_pid()
       and a.query ~* E'(insert\\s+into|update|delete\\s+from)\\s+("?public"?\\.)?"?job_queue_(state|log)(_v1)?\\M'));
end
$$;

-- job_queue_backlog(queue): what waits outside of the line: events that your tables do not follow yet, and what came in and nobody
-- has decided. Cheap enough for every few seconds; `interlock doctor` looks closer (job_queue_checkup). Reads only.
-- Returns {behind, arrivals, inbox, submitted, ending}; ages in milliseconds, null if there is none:
--   behind           {events, age_ms}: events that your tables do not follow yet, and the age of the first of them; null: Interlock
--                    follows no table of yours
--   arrivals, inbox  {rows, age_ms}: rows of jobs that were not taken in yet, commands by SQL that were not decided yet; counts at
--                    most 1,000; the age of the oldest of those
--   submitted        [{code, jobs, job_id, at, message}, …]: submitted jobs that are not in line, each once, under the code that `interlock
--                    explain` gives of it: undecided, arrived, or why it was put off; how many, which was submitted first, when (in
--                    microseconds), and why that one was put off. Of each way in the oldest 10,000; of commands by SQL those of 1,000, and 8 MB
--   ending           [job_id, …]: as job_queue_committed_ends
-- Raises nothing.
create or replace function public.job_queue_backlog(queue text) returns jsonb
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
begin
  select h.version, h.projected_seq into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  return jsonb_build_object(
    'behind', case when exists (select from interlock.job_queue_targets()) then
      jsonb_build_object('events', coalesce(head.version - head.projected_seq, 0),
        'age_ms', (select (extract(epoch from clock_timestamp() - l.created_at) * 1000)::bigint
                     from public.job_queue_log l where l.queue = $1 and l.seq = head.projected_seq + 1)) end,
    'arrivals', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(s.arrived_at)) * 1000)::bigint)
      from (select a.arrived_at from interlock.job_queue_arrivals a
             where a.queue = $1 or a.queue is null order by a.id limit 1000) s),
    'inbox', (select jsonb_build_object('rows', count(*),
        'age_ms', (extract(epoch from clock_timestamp() - min(s.at)) * 1000)::bigint)
      from ((select i.created_at as at from interlock.job_queue_inbox i
              where i.queue = $1 and i.answered_at is null order by i.created_at limit 1000)
            union all
            (select j.submitted_at from interlock.job_queue_submissions j where j.queue = $1 and j.code is null order by j.id limit 1000)
            limit 1000) s),
    'submitted', (
      with open as materialized (
        select i.request_id, i.created_at, sum(pg_column_size(i.command)) over (order by i.created_at, i.request_id) as bytes
          from interlock.job_queue_inbox i
         where i.queue = $1 and i.answered_at is null and i.command ->> 'type' in ('enqueue', 'start') order by i.created_at, i.request_id limit 1000),
      given as (
        (select s.job_id, coalesce(s.code, 'undecided') as code, s.submitted_at as at, s.reason, 0 as way
           from interlock.job_queue_submissions s where s.queue = $1 order by s.id limit 10000)
        union all
        (select coalesce(j.job ->> 'job_id', j.job ->> 'jobId'), 'undecided', o.created_at, null, 0
           from open o
           join interlock.job_queue_inbox i on i.queue = $1 and i.request_id = o.request_id
           cross join lateral jsonb_array_elements(case when jsonb_typeof(i.command -> 'jobs') = 'array' then i.command -> 'jobs'
             else jsonb_build_array(i.command -> 'job') end) j (job)
          where o.bytes <= 8388608 limit 10000)
        union all
        (select coalesce(left(a.job_id, 200), '#' || a.id), 'arrived', a.arrived_at, null, 1
           from interlock.job_queue_arrivals a where a.queue = $1 or a.queue is null order by a.id limit 10000)),
      each as (
        -- The newest command counts, then the row: as explain looks for them. What is live is told of by the log.
        select distinct on (g.job_id) g.* from given g
         where not exists (select from public.job_queue_jobs l where l.queue = $1 and l.job_id = g.job_id)
         order by g.job_id, g.way, g.at desc)
      select coalesce(jsonb_agg(jsonb_build_object('code', c.code, 'jobs', c.jobs, 'job_id', c.job_id,
               'at', (extract(epoch from c.at) * 1000000)::bigint, 'message', c.reason) order by c.code), '[]')
        from (select e.code, count(*) as jobs, (array_agg(e.job_id order by e.at, e.job_id))[1] as job_id, min(e.at) as at,
                     (array_agg(e.reason order by e.at, e.job_id))[1] as reason
                from each e group by e.code) c),
    'ending', public.job_queue_committed_ends($1));
end
$$;

-- job_queue_submitted(queue, lim): what came in by SQL and as rows of `jobs` and is not in the queue: what nobody has decided, and what was
-- refused. Reads only.
--   lim  how many jobs of each state at most, 0..1,000
-- Returns an object; times in microseconds:
--   undecided  {commands, rows, oldest_at}: commands that nobody has decided, with requests whose submitted jobs are not all in line; rows that
--              nobody has taken in; each counted up to 10,001
--   refused    {commands, rows}: of the last day, commands that would have put jobs in line, of which one has not come in since; rows that
--              could not be taken in and have not come in since. Of the newest 1,000 commands
--   jobs       [{job_id, state, code, at, request_id, message}, …]: first those that nobody has decided (state submitted; code undecided or
--              arrived; of a submitted job that is put off, why), the oldest first; then refused ones (state and code as in job_queue_of_job), the newest first
-- Raises JQ001 for a limit out of bounds.
create or replace function public.job_queue_submitted(queue text, lim integer) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  answer jsonb;
begin
  if lim between 0 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_submitted takes a limit of 0..1,000';
  end if;
  with open as materialized (
    select i.request_id, i.created_at, pg_column_size(i.command) as size from interlock.job_queue_inbox i
     where i.queue = $1 and i.answered_at is null order by i.created_at limit 10001),
  -- Commands may be large: those that are read have 64 MB in all.
  first as materialized (
    select o.request_id, o.created_at from (
      select o.*, sum(o.size) over (order by o.created_at, o.request_id) as bytes, row_number() over (order by o.created_at, o.request_id) as n
        from open o) o
     where o.n <= lim and o.bytes <= 67108864),
  waiting as (
    select coalesce(j.job ->> 'job_id', j.job ->> 'jobId') as job_id, f.created_at as at, f.request_id, j.n
      from first f
      join interlock.job_queue_inbox i on i.queue = $1 and i.request_id = f.request_id and i.command ->> 'type' in ('enqueue', 'start')
      cross join lateral (
        select e.job, e.n from jsonb_array_elements(case when jsonb_typeof(i.command -> 'jobs') = 'array' then i.command -> 'jobs'
          else jsonb_build_array(i.command -> 'job') end) with ordinality as e (job, n) limit lim) j),
  -- Jobs of their own, in the order in which they were submitted.
  submitted as materialized (
    select s.id, s.job_id, s.submitted_at as at, s.request_id, s.code, s.reason from interlock.job_queue_submissions s
     where s.queue = $1 order by s.id limit 10001),
  arrived as materialized (
    select a.id, a.job_id, a.arrived_at from interlock.job_queue_arrivals a
     where a.queue = $1 or a.queue is null order by a.id limit 10001),
  no as materialized (
    select r.request_id, r.answered_at, r.answer from (
      select n.*, sum(n.size) over (order by n.answered_at desc, n.request_id) as bytes from (
        select i.request_id, i.answered_at, i.answer, pg_column_size(i.command) as size from interlock.job_queue_inbox i
         where i.queue = $1 and i.answered_at is not null and i.answer @> '{"ok": false}' and i.command @> '{"type": "enqueue"}'
         order by i.answered_at desc limit 1000) n) r
     where r.bytes <= 67108864),
  refused as materialized (
    select j.job_id, r.answered_at as at, r.request_id, r.answer, j.n
      from no r
      join interlock.job_queue_inbox i on i.queue = $1 and i.request_id = r.request_id
      cross join lateral (
        select coalesce(e.job ->> 'job_id', e.job ->> 'jobId') as job_id, e.n
          from jsonb_array_elements(i.command -> 'jobs') with ordinality as e (job, n) limit greatest(lim, 1)) j
     where not exists (
       select from public.job_queue_log l
        where l.queue = $1 and l.job_id = j.job_id and l.event_type = 'queued' and l.created_at > r.answered_at)),
  wrong as materialized (
    select n.job_id, n.refused_at as at, n.reason from public.job_queue_not_taken_in n
     where n.queue = $1
       and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = n.job_id)
       and not exists (select from interlock.job_queue_arrivals a where a.job_id = n.job_id)
     order by n.id desc)
  select jsonb_build_object(
    'undecided', jsonb_build_object('commands', (select count(*) from open) + (select count(distinct u.request_id) from submitted u),
      'rows', (select count(*) from arrived),
      'oldest_at', (extract(epoch from least((select min(o.created_at) from open o), (select min(u.at) from submitted u),
        (select min(a.arrived_at) from arrived a))) * 1000000)::bigint),
    'refused', jsonb_build_object('commands', (select count(distinct r.request_id) from refused r), 'rows', (select count(*) from wrong)),
    'jobs', (
      select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', s.job_id, 'state', s.state, 'code', s.code,
               'at', (extract(epoch from s.at) * 1000000)::bigint, 'request_id', s.request_id, 'message', s.message)
               order by s.state desc, case s.state when 'submitted' then s.at end, s.at desc, s.n)), '[]')
        from ((select w.job_id, 'submitted' as state, 'undecided' as code, w.at, w.request_id, null as message, w.n from waiting w
                order by w.at, w.n limit lim)
              union all
              (select u.job_id, 'submitted', coalesce(u.code, 'undecided'), u.at, u.request_id, u.reason, u.id from submitted u order by u.id limit lim)
              union all
              (select a.job_id, 'submitted', 'arrived', a.arrived_at, null, null, a.id from arrived a order by a.id limit lim)
              union all
              (select r.job_id, 'refused', r.answer ->> 'code', r.at, r.request_id, r.answer ->> 'message', r.n from refused r
                order by r.at desc, r.n limit lim)
              union all
              (select w.job_id, 'refused', 'not_taken_in', w.at, null, w.reason, 0 from wrong w order by w.at desc limit lim)) s))
    into answer;
  return answer;
end
$$;
