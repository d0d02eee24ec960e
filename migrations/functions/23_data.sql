-- What is kept of a job beside the log: payload, result, error, checkpoint, progress and trace.

-- job_queue_data_of(queue, job_ids): what is kept of these jobs beside the log, and their rows of `jobs`.
--   job_ids  1,000 at most
-- Returns [{job_id, payload, result, error, checkpoint, progress, trace, row}, …], one for each id, in the order given; null where
-- there is nothing. Of a job that was enqueued again only what its present life has. row: the user's row of `jobs` as JSON,
-- null where there is none that speaks for the job (job_queue_linked) or Interlock does not use the table (job_queue_targets). trace: where that says
-- nothing, what the row's traceparent and tracestate say, if it has such columns.
-- Raises JQ001 for more than 1,000 ids.
create or replace function public.job_queue_data_of(queue text, job_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  rows jsonb;
  names jsonb := interlock.job_queue_columns('jobs');
  lives jsonb;
  others text[];
  logged jsonb;
begin
  if job_ids is null or cardinality(job_ids) > 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_data_of takes up to 1,000 ids';
  end if;
  rows := interlock.job_queue_user_rows(job_ids);
  if rows <> '{}' then
    rows := rows - array(
      select w.id from unnest(interlock.job_queue_doubtful($1, 'jobs', job_ids)) as w (id)
       where not interlock.job_queue_linked($1, 'jobs', w.id,
         (rows -> w.id ->> (names ->> 'queued_at'))::timestamptz));
  end if;
  -- The row of a live job names its life.
  lives := coalesce((select jsonb_object_agg(j.job_id, abs(j.life)) from public.job_queue_jobs j
                      where j.queue = $1 and j.job_id = any ($2) and j.life is not null), '{}');
  others := array(select w.id from unnest($2) as w (id) where not lives ? w.id);
  if cardinality(others) > 0 then
    -- Planned each time: while the log looks small, the planner may take the primary key instead of the index by job, and keep
    -- that plan. seq + 0: a plain max would read the primary key backwards, past the events of all other jobs.
    execute 'select jsonb_object_agg(q.job_id, q.life) from (select l.job_id, max(l.seq + 0) as life from public.job_queue_log l
        where l.queue = $1 and l.job_id = any ($2) and l.event_type = ''queued'' group by l.job_id) q'
      into logged using $1, others;
    lives := lives || coalesce(logged, '{}');
  end if;
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', w.id, 'payload', d.payload, 'result', d.result,
             'error', d.error, 'checkpoint', d.checkpoint, 'progress', d.progress,
             'trace', coalesce(d.trace, case when rows -> w.id ->> (names ->> 'traceparent') <> '' then jsonb_strip_nulls(jsonb_build_object(
               'traceparent', rows -> w.id ->> (names ->> 'traceparent'), 'tracestate', rows -> w.id ->> (names ->> 'tracestate'))) end),
             'row', rows -> w.id) order by w.place)), '[]')
      from unnest($2) with ordinality as w (id, place)
      left join lateral (
        select k.* from interlock.job_queue_data k
         where k.queue = $1 and k.job_id = w.id
           -- If the `queued` event is not in the log (it is archived), the job was not enqueued since.
           and k.life is not distinct from coalesce((lives ->> w.id)::bigint, k.life)
        offset 0) d on true);
end
$$;

-- job_queue_user_rows(job_ids): the rows of `jobs` with these ids, as one JSON object by id. Internal; called by
-- job_queue_data_of. Uses the index of the user's own key: the ids are cast to its type, never the key to text.
-- Returns {job_id: row, …}; {} if there are none, or Interlock does not use the table. Raises nothing.
create or replace function interlock.job_queue_user_rows(job_ids text[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found_target record;
  candidates text[] := job_ids;
  found_rows refcursor;
  rows jsonb;
begin
  select * into found_target from interlock.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return '{}';
  end if;
  if found_target.key_type = 'uuid' then
    select array_agg(id) into candidates from unnest(job_ids) as id
     where id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables. By way
  -- of json, since jsonb_object_agg goes to the end of a row for each text in it.
  open found_rows for execute format('select json_object_agg(t.%1$I::text, to_json(t))::jsonb from public.jobs t where t.%1$I = any ($1::%2$s[])',
    found_target.key_column, found_target.key_type) using candidates;
  if row_security_active('public.jobs') then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  fetch found_rows into rows;
  close found_rows;
  return coalesce(rows, '{}');
end
$$;

-- job_queue_payloads(queue, after): a page of the payloads that are kept beside the log, each with the hash of it that its `queued`
-- event has, or the last `debounced` one, for a program that compares the two (`interlock verify`). Reads only.
--   after  payloads of jobs whose id comes after this one, in the order of job_queue_data; '' for the first page
-- Returns [{job_id, seq, hash, payload}, …], at most 1,000, and no further one beyond 4 MB of text; empty when there are no more.
-- seq: the number of the event, null if neither the log nor the archive has it (any more); hash: null if it has none. Raises nothing.
create or replace function public.job_queue_payloads(queue text, after text) returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  kept record;
  items text[] := '{}';
  size bigint := 0;
begin
  for kept in
    select d.job_id, d.payload, e.seq, case when e.debounce is null then e.hash else coalesce((
             -- The last one that came with its key.
             select l.data -> 'payload_hash' from public.job_queue_log l
              where l.queue = $1 and l.job_id = d.job_id and l.event_type = 'debounced' and l.data ? 'payload_hash' and l.seq + 0 > e.seq
              order by l.seq + 0 desc limit 1), (
             select a.data -> 'payload_hash' from interlock.job_queue_log_archive a
              where a.queue = $1 and a.job_id = d.job_id and a.event_type = 'debounced' and a.data ? 'payload_hash' and a.seq + 0 > e.seq
              order by a.seq + 0 desc limit 1), e.hash) end as hash
      from interlock.job_queue_data d
      left join lateral (
        select l.seq, l.data -> 'payload_hash' as hash, l.data #> '{dedupe,debounce}' as debounce from public.job_queue_log l
         where l.queue = $1 and l.seq = d.life and l.event_type = 'queued' and l.job_id = d.job_id
        union all
        select a.seq, a.data -> 'payload_hash', a.data #> '{dedupe,debounce}' from interlock.job_queue_log_archive a
         where a.queue = $1 and a.seq = d.life and a.event_type = 'queued' and a.job_id = d.job_id
         limit 1) e on true
     where d.queue = $1 and d.job_id > $2 and d.payload is not null
     order by d.job_id limit 1000
  loop
    items := items || json_build_object('job_id', kept.job_id, 'seq', kept.seq, 'hash', kept.hash, 'payload', kept.payload)::text;
    size := size + octet_length(items[cardinality(items)]);
    exit when size >= 4194304;
  end loop;
  return ('[' || array_to_string(items, ',') || ']')::json;
end
$$;

-- job_queue_note(queue, job_id, token, note): keeps how far a running attempt has come, for people and for the next
-- attempt. Never takes the queue's lock.
--   token  the fencing token of the attempt
--   note   {checkpoint, progress}: one or both, JSON of some 64 KB at most each; null empties it. A checkpoint is on the disk when this
--          returns; progress may be lost with a crash of the server.
-- Returns true when it was written, false when the token is not that of the job's running attempt: then nothing was.
-- Raises JQ001 for a note that says nothing, 23514 for a value out of bounds.
create or replace function public.job_queue_note(queue text, job_id text, token bigint, note jsonb) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  is_noted boolean;
begin
  if (note ?| array['checkpoint', 'progress']) is not true then
    raise exception using errcode = 'JQ001', message = 'a note has a checkpoint, progress, or both';
  end if;
  -- A checkpoint has to be on disk. Progress need not be, unless the caller's transaction has written something of its own.
  if note ? 'checkpoint' then
    perform set_config('synchronous_commit', 'on', true);
  elsif pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  insert into interlock.job_queue_data as d (queue, job_id, life, token, checkpoint, progress)
  select j.queue, j.job_id,
         abs(coalesce(j.life, interlock.job_queue_life($1, $2))),
         $3, $4 -> 'checkpoint', $4 -> 'progress'
    from public.job_queue_jobs j
   where j.queue = $1 and j.job_id = $2 and j.state = 'active' and j.fencing_token = $3
  on conflict (queue, job_id) do update set
    -- If the `queued` event is not in the log (it is archived), the job is still in the life of its data.
    life = coalesce(excluded.life, d.life),
    token = excluded.token,
    payload = case when excluded.life is null or d.life = excluded.life then d.payload end,
    result = case when excluded.life is null or d.life = excluded.life then d.result end,
    error = case when excluded.life is null or d.life = excluded.life then d.error end,
    trace = case when excluded.life is null or d.life = excluded.life then d.trace end,
    checkpoint = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.checkpoint, d.checkpoint)
                      else excluded.checkpoint end,
    progress = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.progress, d.progress) else excluded.progress end,
    updated_at = clock_timestamp()
    -- Refuses a note that was under way while its attempt ended and the next one noted something.
    where coalesce(d.token, 0) <= excluded.token and coalesce(d.life, 0) <= coalesce(excluded.life, d.life, 0);
  is_noted := found;
  if is_noted and note ? 'progress' and current_setting('interlock.notify', true) is distinct from 'off' then
    -- A notification holds less than 8,000 bytes: who is told of a longer note looks.
    perform pg_notify(w.address, case when octet_length(s.said) < 7900 then s.said else 'noted ' || jsonb_build_object('queue', $1, 'job_id', $2)::text end)
       from interlock.job_queue_watched w
      cross join lateral (select 'noted ' || jsonb_build_object('queue', $1, 'job_id', $2, 'progress', $4 -> 'progress')::text as said) s
      where w.queue = $1 and w.job_id = $2 and w.until > clock_timestamp();
  end if;
  return is_noted;
end
$$;

-- job_queue_watch(queue, job_ids, address, ms): the progress that running attempts of these jobs have noted last, and for a while word of
-- each further note, so that nobody has to ask again and again.
--   job_ids  at most 1,000
--   address  the channel of a process that listens to it; null: it does not listen
--   ms       for how long it is told, 1..86,400,000; ask again before that is over
-- Returns {is_announced, notes: [{job_id, progress}, …]}. is_announced: false without an address, and where the setting interlock.notify is 'off'. Each
-- note is then one NOTIFY on that channel: 'noted {queue, job_id, progress}', without progress if it is too long.
-- Raises JQ001 for a call out of bounds.
create or replace function public.job_queue_watch(queue text, job_ids text[], address text, ms integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  is_announced boolean := $3 is not null and current_setting('interlock.notify', true) is distinct from 'off';
begin
  if (cardinality($2) <= 1000 and $4 between 1 and 86400000 and ($3 is null or $3 ~ '^interlock_[0-9a-f]{24}$')) is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_watch takes at most 1,000 jobs, an address or null, and 1..86,400,000 ms';
  end if;
  if is_announced then
    -- A crash loses only what is asked for again in a moment.
    if pg_current_xact_id_if_assigned() is null then
      perform set_config('synchronous_commit', 'off', true);
    end if;
    delete from interlock.job_queue_watched w
     where w.ctid = any (array(select k.ctid from interlock.job_queue_watched k where k.until < clock_timestamp() for update skip locked));
    insert into interlock.job_queue_watched as w (queue, job_id, address, until)
    select $1, i.id, $3, clock_timestamp() + $4 * interval '1 millisecond' from unnest($2) i (id) group by i.id order by i.id
    on conflict on constraint job_queue_watched_pkey do update set until = excluded.until;
  end if;
  return jsonb_build_object('is_announced', is_announced, 'notes', (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', d.job_id, 'progress', d.progress))), '[]')
      from interlock.job_queue_data d
     where d.queue = $1 and d.job_id = any ($2) and d.progress is not null and d.progress <> 'null'));
end
$$;

-- job_queue_stage(queue, command_id, data): puts payloads, results and errors aside for the append of their command, which
-- names them (`staged` in the changes of job_queue_append). Never takes the queue's lock, and changes nothing that is kept of a
-- job. Idempotent. Staged data is deleted after an hour.
--   command_id  1..200 characters
--   data        [{job_id, payload, result, error, checkpoint, trace}, …], each job once; as for job_queue_put_data
-- Returns how many were put aside. Raises JQ001 for a call out of bounds, 23514 for a value out of bounds.
create or replace function public.job_queue_stage(queue text, command_id text, data jsonb) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  staged integer;
begin
  if jsonb_typeof($3) is distinct from 'array' or jsonb_array_length($3) not between 1 and 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_stage takes a list of 1..10000 items {job_id, …}';
  end if;
  delete from interlock.job_queue_staged s where s.staged_at < clock_timestamp() - interval '1 hour';
  insert into interlock.job_queue_staged as s (queue, command_id, job_id, item)
  select $1, $2, g.item ->> 'job_id', g.item from jsonb_array_elements($3) as g (item)
  on conflict on constraint job_queue_staged_pkey do update set item = excluded.item, staged_at = excluded.staged_at;
  get diagnostics staged = row_count;
  return staged;
end
$$;

-- job_queue_put_staged(queue, staged): takes over staged data, as job_queue_put_data does for data in the append itself, and
-- clears it away. Internal; called by job_queue_append only, after it has written the events.
--   staged  [{command_id, job_id, as}, …]; as: the payload becomes that of this job; missing: everything is of job_id
-- Returns nothing. Raises 23514 for a value out of bounds (job_queue_data).
create or replace function interlock.job_queue_put_staged(queue text, staged jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  one record;
begin
  -- One command after the other: two may belong to one job.
  for one in
    select w.item ->> 'command_id' as command_id, array_agg(w.item ->> 'job_id') as job_ids, array_agg(w.item ->> 'as') as owners,
           min(w.place) as place
      from jsonb_array_elements($2) with ordinality as w (item, place)
     group by 1 order by 3
  loop
    perform interlock.job_queue_put_data($1, (
      select to_jsonb(array_agg(case when w.owner is null then s.item
               else jsonb_build_object('job_id', w.owner, 'payload', s.item -> 'payload') end))
        from interlock.job_queue_staged s
        join unnest(one.job_ids, one.owners) as w (job_id, owner) on w.job_id = s.job_id
       where s.queue = $1 and s.command_id = one.command_id and s.job_id = any (one.job_ids)));
    delete from interlock.job_queue_staged s where s.queue = $1 and s.command_id = one.command_id;
  end loop;
end
$$;

-- job_queue_put_data(queue, data): writes payloads, results and errors beside the events that they belong to. Internal; called
-- by job_queue_put_staged only, after job_queue_append has written the events.
--   data  [{job_id, payload, result, error, checkpoint, trace}, …], each job once. A key that is there is set, and null empties it. A
--         missing key stays as it is, unless its value is from an earlier life of the job
-- Returns nothing. Raises 23514 for a value out of bounds (job_queue_data), 21000 when a job is named twice.
create or replace function interlock.job_queue_put_data(queue text, data jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
-- While the log looks small, the planner may take the primary key instead of the index by job, and keep that plan.
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  -- max(seq + 0): a plain max would read the primary key backwards, past the events of all other jobs.
  insert into interlock.job_queue_data as d (queue, job_id, life, payload, result, error, checkpoint, trace)
  select $1, g.item ->> 'job_id',
         (select max(l.seq + 0) from public.job_queue_log l
           where l.queue = $1 and l.job_id = g.item ->> 'job_id' and l.event_type = 'queued'),
         g.item -> 'payload', g.item -> 'result', g.item -> 'error', g.item -> 'checkpoint', g.item -> 'trace'
    from jsonb_array_elements($2) as g (item)
  on conflict (queue, job_id) do update set
    -- If the `queued` event is not in the log (it is archived), the job is still in the life of its data.
    life = coalesce(excluded.life, d.life),
    payload = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.payload, d.payload)
                   else excluded.payload end,
    result = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.result, d.result)
                  else excluded.result end,
    error = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.error, d.error)
                 else excluded.error end,
    checkpoint = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.checkpoint, d.checkpoint)
                      else excluded.checkpoint end,
    trace = case when excluded.life is null or d.life = excluded.life then coalesce(excluded.trace, d.trace)
                 else excluded.trace end,
    progress = case when excluded.life is null or d.life = excluded.life then d.progress end,
    token = case when excluded.life is null or d.life = excluded.life then d.token end,
    updated_at = clock_timestamp();
end
$$;

-- job_queue_forget(queue, job_ids): deletes what is kept of these jobs beside the log: payload, result, error, checkpoint,
-- progress and trace; the payload of one that is submitted and not in line yet; results and errors in ends that SQL has said
-- (job_queue_complete_in, job_queue_request). For erasure. What the log says of them stays: ids, model names, codes, numbers, times.
-- Idempotent.
-- Returns how many of these jobs had something kept in job_queue_data. Raises nothing.
create or replace function public.job_queue_forget(queue text, job_ids text[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  forgotten integer;
begin
  delete from interlock.job_queue_data d where d.queue = $1 and d.job_id = any ($2);
  get diagnostics forgotten = row_count;
  delete from interlock.job_queue_staged s where s.queue = $1 and s.job_id = any ($2);
  update interlock.job_queue_submissions s set job = s.job - 'payload'
   where s.queue = $1 and s.job_id = any ($2) and s.job ? 'payload';
  update interlock.job_queue_inbox i set command = i.command - '{result,error}'::text[]
   where i.queue = $1 and i.command ->> 'job_id' = any ($2) and i.command ?| '{result,error}';
  return forgotten;
end
$$;
