-- The inner projection: job_queue_state and job_queue_jobs as the log makes them, to be compared with it and written again.

-- job_queue_projection(queue): the inner projection of one moment, to compare with the log (`interlock verify`).
-- Returns {state: {…}, jobs: [{…}, …]}: columns of job_queue_state and job_queue_jobs as job_queue_append takes them, times
-- in microseconds; null when the queue has never been opened. One statement, so that state and jobs fit together.
create or replace function public.job_queue_projection(queue text) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select jsonb_build_object(
    'state', to_jsonb(s) - 'id' - 'queue' || jsonb_build_object(
      'drained_at', (extract(epoch from s.drained_at) * 1000000)::bigint,
      'updated_at', (extract(epoch from s.updated_at) * 1000000)::bigint),
    'jobs', (
      select coalesce(to_jsonb(array_agg(to_jsonb(j) - 'queue' - 'life' || jsonb_build_object(
               'queued_at', (extract(epoch from j.queued_at) * 1000000)::bigint,
               'due_at', (extract(epoch from j.due_at) * 1000000)::bigint,
               'expires_at', (extract(epoch from j.expires_at) * 1000000)::bigint,
               'started_at', (extract(epoch from j.started_at) * 1000000)::bigint))), '[]')
        from public.job_queue_jobs j
       where j.queue = $1))
    from (select * from public.job_queue_state k where k.queue = $1 order by k.version desc limit 1) s
$$;

-- job_queue_projection_page(queue, filter): a part of the inner projection of one moment, however many live jobs there are.
--   queue   name of the queue
--   filter  {after, lim, active}: rows of jobs whose job_id comes after that one (a text, from the first one unless given), in the
--           order of job_queue_jobs, at most lim (1..10,000, 1,000 unless given), with active: true those that run alone;
--           or {job_ids: […]}: the rows of these jobs, 10,000 at most
-- Returns {state: {…}, jobs: [{…}, …]}: columns of job_queue_state and job_queue_jobs as job_queue_append takes them, times
-- in microseconds; null when the queue has never been opened. A page with fewer rows than lim is the last one. All of it is
-- of one moment; the next page is of another, which the version of its state tells.
-- Raises JQ001 when an argument is out of bounds.
create or replace function public.job_queue_projection_page(queue text, filter jsonb) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  lim integer := coalesce(($2 ->> 'lim')::integer, 1000);
  ids text[] := case when $2 ? 'job_ids' then array(select jsonb_array_elements_text($2 -> 'job_ids')) end;
  found jsonb;
begin
  if jsonb_typeof($2) is distinct from 'object' or lim not between 1 and 10000 or cardinality(ids) > 10000 then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_projection_page takes {after, lim, active} with lim from 1 to 10000, or {job_ids} with at most 10000';
  end if;
  if ids is not null then
    select to_jsonb(array_agg(to_jsonb(j))) into found
      from public.job_queue_jobs j where j.queue = $1 and j.job_id = any (ids);
  elsif ($2 ->> 'active')::boolean then
    select to_jsonb(array_agg(to_jsonb(r))) into found
      from (select j.* from public.job_queue_jobs j
             where j.queue = $1 and j.job_id > coalesce($2 ->> 'after', '') and j.state = 'active'
             order by j.job_id limit lim) r;
  else
    select to_jsonb(array_agg(to_jsonb(r))) into found
      from (select j.* from public.job_queue_jobs j
             where j.queue = $1 and j.job_id > coalesce($2 ->> 'after', '')
             order by j.job_id limit lim) r;
  end if;
  return (
    select jsonb_build_object(
      'state', to_jsonb(s) - 'id' - 'queue' || jsonb_build_object(
        'drained_at', (extract(epoch from s.drained_at) * 1000000)::bigint,
        'updated_at', (extract(epoch from s.updated_at) * 1000000)::bigint),
      'jobs', (
        select coalesce(to_jsonb(array_agg(r - 'queue' - 'life' || jsonb_build_object(
                 'queued_at', (extract(epoch from (r ->> 'queued_at')::timestamptz) * 1000000)::bigint,
                 'due_at', (extract(epoch from (r ->> 'due_at')::timestamptz) * 1000000)::bigint,
                 'expires_at', (extract(epoch from (r ->> 'expires_at')::timestamptz) * 1000000)::bigint,
                 'started_at', (extract(epoch from (r ->> 'started_at')::timestamptz) * 1000000)::bigint)
                 order by n)), '[]')
          from jsonb_array_elements(coalesce(found, '[]')) with ordinality e (r, n)))
      from (select * from public.job_queue_state k where k.queue = $1 order by k.version desc limit 1) s);
end
$$;

-- job_queue_rebuild(queue, expected_version, state, jobs): writes the inner projection again, from rows that the caller has
-- folded from the log (`interlock rebuild`). Takes the queue's lock, so it is safe while workers run. Rows that are right are
-- not written.
--   queue             name of the queue
--   expected_version  the sequence number up to which the caller folded the log
--   state             the row of job_queue_state, its policy included; jobs: every row of job_queue_jobs, as job_queue_append
--                     takes them, times in microseconds; null values may be left out
-- Returns {ok: true, version, now, removed, written}: rows that were wrong or too many, and rows that were written instead; or
-- {ok: false, version, now} with nothing changed if the log goes on after expected_version: fold the rest and call again.
-- Raises JQ001 for a call out of bounds, 55P03 when the lock does not come free within 2 s.
create or replace function interlock.job_queue_rebuild(queue text, expected_version bigint, state jsonb, jobs jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return public.job_queue_rebuild_rows($1, $2, $3, $4, null);
end
$$;

-- job_queue_rebuild_rows(queue, expected_version, state, jobs, job_ids): writes some rows of the inner projection again from those that
-- the caller folded out of the log (`interlock rebuild`), so that no call has to carry all of them. Takes the queue's lock, so it is
-- safe while workers run, which keep right what is right; rows that are right already are not written.
--   queue             name of the queue
--   expected_version  the sequence number up to which the caller folded the log
--   state             the row of job_queue_state, its policy included; jobs: rows of job_queue_jobs, as job_queue_append takes them,
--                     times in microseconds; what is null may be missing
--   job_ids           which jobs are meant: those of them without a row in jobs get none; null: every job of the queue
-- Returns {ok: true, version, now, removed, written}: rows that were wrong or too many, and rows written in their place; or
-- {ok: false, version, now} with nothing changed when the log goes on after expected_version: fold the rest and come back.
-- Raises JQ001 for a call out of bounds, 55P03 when the lock does not come free within 2 s.
create or replace function public.job_queue_rebuild_rows(queue text, expected_version bigint, state jsonb, jobs jsonb, job_ids text[])
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  head record;
  answer jsonb;
  wanted public.job_queue_jobs[];
  removed integer;
  written integer;
  changed integer;
begin
  if expected_version is null or jsonb_typeof($3) is distinct from 'object' or jsonb_typeof($4) is distinct from 'array'
     or ($3 ->> 'version')::bigint is distinct from expected_version then
    raise exception using errcode = 'JQ001',
      message = 'job_queue_rebuild takes a version, the row of the state at that version and rows of live jobs';
  end if;
  if current_setting('lock_timeout') = '0' then
    perform set_config('lock_timeout', '2s', true);
  end if;
  select h.version into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
  answer := jsonb_build_object('ok', false, 'version', coalesce(head.version, 0),
    'now', (extract(epoch from clock_timestamp()) * 1000000)::bigint);
  if head.version is distinct from expected_version then
    return answer;
  end if;

  -- By the names of the columns, so that a column added later is written too.
  select coalesce(array_agg(p.wanted), '{}') into wanted
    from jsonb_array_elements($4) r,
         lateral (select jsonb_populate_record(null::public.job_queue_jobs, jsonb_build_object('cancel_requested', false, 'postponed', 0) || r
           || jsonb_build_object('queue', $1,
                'queued_at', 'epoch'::timestamptz + (r ->> 'queued_at')::bigint * interval '1 microsecond',
                'due_at', 'epoch'::timestamptz + (r ->> 'due_at')::bigint * interval '1 microsecond',
                'expires_at', 'epoch'::timestamptz + (r ->> 'expires_at')::bigint * interval '1 microsecond',
                'started_at', 'epoch'::timestamptz + (r ->> 'started_at')::bigint * interval '1 microsecond')) as wanted) p;
  if $5 is null then
    delete from public.job_queue_jobs j
     where j.queue = $1
       and not exists (select from unnest(wanted) w where w.job_id = j.job_id and to_jsonb(w) - 'life' = to_jsonb(j) - 'life');
  else
    delete from public.job_queue_jobs j
     where j.queue = $1 and j.job_id = any ($5)
       and not exists (select from unnest(wanted) w where w.job_id = j.job_id and to_jsonb(w) - 'life' = to_jsonb(j) - 'life');
  end if;
  get diagnostics removed = row_count;
  insert into public.job_queue_jobs select w.* from unnest(wanted) w on conflict do nothing;
  get diagnostics written = row_count;

  insert into public.job_queue_state (queue)
  select $1 where not exists (select from public.job_queue_state s where s.queue = $1);
  changed := interlock.job_queue_put_state($1, $3);
  return answer || jsonb_build_object('ok', true, 'removed', removed + changed, 'written', written + changed);
end
$$;
