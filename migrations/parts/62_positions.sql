-- Where a job stands, for users who can read its row in `jobs`, and every job for those who may read job_queue_jobs; job_queue_explain
-- documents `position`; `place` is its former name. The view reads with the rights of its owner, because a position in line depends on
-- the other jobs in it, of which it shows only their number. The function in its WHERE runs with the rights of the reader, so a user sees
-- only own jobs. One column holds everything, so that fields can be added. The rules of admission are in TypeScript alone: a code is given where the rows settle it, and
-- else `needs` says who can tell.
create or replace view public.job_queue_places with (security_barrier = true) as
select j.queue, j.job_id, told.position as place, told.position
  from public.job_queue_jobs j
  left join lateral (
    select jsonb_build_object('job_id', j.job_id, 'queue', j.queue, 'state', j.state, 'ahead', line.ahead, 'position', line.ahead,
             'models', needs.list, 'code', why.code, 'needs', case when why.code is null and j.state = 'waiting' then 'process' end,
             'reason', case why.code
               -- `owner` of reasonTexts in src/engine/core/needs/reasons.ts: a test compares them.
               when 'draining' then 'the queue is draining; nothing starts until it is resumed'
               when 'waits_for_parents' then 'jobs that it comes after have not ended'
               when 'not_due' then 'the job is not due yet'
               when 'fits_no_place' then 'no place of its model has as much as it asks'
               when 'model_paused' then 'a model it needs is paused'
               when 'use_over_limit' then 'it asks for more of a resource than the policy ever allows'
               when 'serialized' then 'another job goes first (one job at a time)'
               when 'at_capacity' then 'as many jobs go first as the policy allows at once'
               when 'model_in_use' then 'a model it needs is in use'
               when 'behind_in_line' then 'it waits in line for a model'
               when 'no_worker' then case when own.is_in then 'no live worker has a free slot for its kind' else j.conflict_reason end
               when 'offered' then 'it may start; no worker has taken it yet'
               when 'late' then 'it runs, and its process has missed its heartbeats'
               when 'lost' then 'the process that ran it is gone; the job is given back'
               when 'overdue' then 'its time is over; no process has recorded it yet'
               else case when ends.are_committed then 'its end is committed, and is being written' when j.state = 'active' then 'it runs' else 'it waits; only a process can tell why at this moment' end end,
             -- Nobody compares with what comes what SQL could add up; processes do (src/engine/core/says/forecast).
             'starts_in_seconds', null, 'starts_from_seconds', null, 'starts_to_seconds', null,
             'starts_reason', case when j.state = 'waiting' then 'only a process can tell when it starts' end)
      from (
        select k.policy, k.status, k.active_count, k.servers from public.job_queue_state k
         where k.queue = j.queue order by k.version desc limit 1) s
      -- Not due yet, kept by a pause, or asking for more than there ever is: the job stands in no line.
      cross join lateral (
        select coalesce(j.conflict_reason like 'it asks for %', false) as is_over) asks
      cross join lateral (
        select j.state = 'waiting' and j.due_at is null and (j.blocked_on is null or j.blocked_by_job_id is not null) and not asks.is_over as is_in) own
      cross join lateral (
        select (s.policy ->> 'maxActive')::integer as slots, case when own.is_in then (
          select count(*)::integer from public.job_queue_jobs o
           where o.queue = j.queue and o.state = 'waiting' and o.due_at is null
             and (o.blocked_on is null or o.blocked_by_job_id is not null) and coalesce(o.conflict_reason, '') not like 'it asks for %'
             -- One that runs outside the queue, as it needs no models any more, stands in no line.
             and (o.models <> '{}' or s.policy ->> 'emptySet' = 'exclusive' or o.blocked_by_job_id is not null)
             and (o.place_level, o.place_order, o.place_tie) < (j.place_level, j.place_order, j.place_tie)) end as ahead, (
          select count(*)::integer from public.job_queue_jobs o
           where o.queue = j.queue and o.state = 'active' and o.models <> '{}') as running) line
      -- Each line that it stands in: its models'.
      cross join lateral (
        select coalesce(jsonb_agg(jsonb_build_object('model', m.model, 'ahead', m.ahead, 'running', m.running, 'capacity', m.capacity)
                 order by m.nth), '[]') as list,
               bool_or(m.running >= m.capacity) as is_in_use,
               bool_or(m.offered > 0) as is_behind_offer, coalesce(bool_or(m.is_placed), false) as are_placed,
               coalesce(bool_and(m.running + m.ahead < m.capacity), true) as has_room
          from (
            select u.model, u.nth, case jsonb_typeof(c.rule) when 'array' then jsonb_array_length(c.rule) else c.rule::integer end as capacity,
                   jsonb_typeof(c.rule) = 'array' as is_placed, a.ahead, a.offered, r.running
              from unnest(j.models) with ordinality as u (model, nth)
              cross join lateral (
                -- As patternFor in src/engine/core/values/pattern.ts: of the patterns that fit, the one that says most of the name.
                select coalesce(s.policy #> array['capacity', u.model], (
                  select p.value from jsonb_each(s.policy -> 'capacity') p
                   where strpos(p.key, '*') > 0
                     and u.model like replace(replace(replace(replace(p.key, E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_'), '*', '%')
                   order by length(replace(p.key, '*', '')) desc, length(p.key), p.key collate "C" limit 1), '1') as rule) c
              -- `offered`: how many of them may start: such a job may be passed once nobody has taken it for a while.
              left join lateral (
                select count(*)::integer as ahead, count(*) filter (where o.blocked_by_job_id is null and o.conflict_reason is null) as offered
                  from public.job_queue_jobs o
                 where o.queue = j.queue and o.state = 'waiting' and o.due_at is null and u.model = any (o.models)
                   and (o.blocked_on is null or o.blocked_by_job_id is not null) and coalesce(o.conflict_reason, '') not like 'it asks for %'
                   and (o.place_level, o.place_order, o.place_tie) < (j.place_level, j.place_order, j.place_tie)) a on own.is_in
              cross join lateral (
                -- The jobs of a batch have their models together. A fencing token is the number of its start in the log.
                select count(distinct coalesce((select l.data ->> 'batch' from public.job_queue_log l where l.queue = o.queue and l.seq = o.fencing_token),
                         o.fencing_token::text))::integer as running
                  from public.job_queue_jobs o
                 where o.queue = j.queue and o.state = 'active' and u.model = any (o.models)) r) m) needs
      cross join lateral (
        select j.state = 'active' and exists (
          select from interlock.job_queue_inbox i
           where i.queue = j.queue and i.request_id = 'end-of:' || j.fencing_token and i.answered_at is null) as are_committed) ends
      -- The processes, as job_queue_worker_list has them: whether one is alive that decides, whether one could run the job now, and how the
      -- one is that runs it.
      cross join lateral (
        select coalesce(bool_or(w.state = 'live' and w.release ~ E'^\\d+\\.\\d+\\.\\d+'), false) as is_alive,
               coalesce(bool_or(w.state = 'live' and w.free_slots > 0 and (w.kinds is null or j.kind = any (w.kinds))), false) as has_worker,
               max(case w.state when 'dead' then 'lost' when 'late' then 'late' end) filter (where w.worker_id = j.worker_id) as fault
          from (
            select w.worker_id, w.release, w.free_slots, w.kinds, case
                     when w.dead then 'dead'
                     when w.server_since <> pg_postmaster_start_time() and not w.settled then 'live'
                     when w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp() then 'dead'
                     when w.expires_at <= clock_timestamp() then 'late'
                     else 'live' end as state
              from interlock.job_queue_workers w where w.queue = j.queue) w) workers
      -- What the rows do not have: of which resources a job uses how much (its `queued` event says whether it uses any), what a tier has running,
      -- which process serves which place.
      cross join lateral (
        select s.policy #>> '{fairShare,maxActive}' is not null or s.policy ? 'tiers' or s.policy -> 'rate' ?| j.models or (s.policy -> 'rate')::text like '%*%'
                 or (s.policy ? 'uses' and not exists (
                   select from public.job_queue_log l where l.queue = j.queue and l.seq = abs(j.life) and not l.data ? 'uses')) as may_limit) rules
      -- A live process records within 15 s that a time has passed.
      cross join lateral (
        select clock_timestamp() - case when workers.is_alive then interval '15 seconds' else interval '0' end as over,
               -- Who takes all places of a model keeps others from it however many it has.
               exists (select from public.job_queue_jobs o where o.queue = j.queue and o.whole is not null and o.whole && j.models) as are_wanted) times
      cross join lateral (
        select case
          when ends.are_committed then null
          when j.expires_at <= times.over then 'overdue'
          when j.state = 'active' then workers.fault
          when s.status = 'draining' then 'draining'
          when j.due_at <= times.over then 'overdue'
          -- DUE_AFTER_PARENTS in src/engine/core/fold/row.ts: nobody knows when.
          when j.due_at = 'epoch'::timestamptz + 9007199254740991 * interval '1 microsecond' then 'waits_for_parents'
          when j.due_at is not null then 'not_due'
          when asks.is_over then 'use_over_limit'
          when not own.is_in then case when j.conflict_reason like 'no place of %' then 'fits_no_place'
            when j.conflict_reason like 'no live process serves place %' then 'no_worker' else 'model_paused' end
          -- What others take of a place is in no row.
          when s.policy ? 'units' then null
          -- A rate counts starts, and a share the jobs of an owner: no row has these.
          when rules.may_limit then null
          when times.are_wanted then null
          when needs.is_in_use then 'model_in_use'
          -- Other models may have its places, some may be paused, and not each process serves them.
          when needs.are_placed and (j.blocked_by_job_id is not null or s.servers is not null) then null
          when j.blocked_by_job_id is not null and j.blocked_on is not null then case
            when s.policy ->> 'maxOvertakes' = '0' and not needs.is_behind_offer then 'behind_in_line' end
          when j.blocked_by_job_id is not null then case
            when line.running >= line.slots then case when line.slots = 1 then 'serialized' else 'at_capacity' end end
          when needs.has_room and coalesce(s.active_count + line.ahead < line.slots, line.slots is null)
            and s.policy ->> 'emptySet' is distinct from 'exclusive' then case when workers.has_worker then 'offered' else 'no_worker' end
          end as code) why) told (position) on true
 where has_table_privilege('public.job_queue_jobs', 'SELECT') or (j.job_id, j.queued_at) in (
   select o.job_id, o.queued_at from public.job_queue_own_rows(
     array(select k.job_id from public.job_queue_jobs k
            -- Only the job that job_queue_explain asks for. Anybody may set this: it narrows what is shown.
            where k.job_id = coalesce(nullif(current_setting('interlock.position_of', true), ''), k.job_id)),
     coalesce((select s.value -> 'jobs' from interlock.job_queue_settings s where s.key = 'columns'), '{}')) o);
drop function if exists public.job_queue_own_row(text, timestamptz, jsonb);
