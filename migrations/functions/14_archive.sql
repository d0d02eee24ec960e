-- Retention: where to cut the log, and how the events below the cut move to the archive or go.

-- job_queue_claim_cut(queue, before): where to cut the log so that nothing older than a time is left in it. The one process
-- that gets an answer folds the log up to there, keeps that as a snapshot (job_queue_put_snapshot), and archives below it
-- (job_queue_archive). No other process gets one for 55 minutes, or until it is done. Takes the queue's lock for a moment, and
-- only if there is something to do.
--   before  the time; less than an hour's worth of older events is not worth a cut
-- Returns {through}: the number of the last older event that your own tables already follow; null if there is nothing to do, or
-- another process is doing it. Raises 55P03 when the lock does not come free within 2 s.
create or replace function public.job_queue_claim_cut(queue text, before timestamptz) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
set lock_timeout = '2s'
as $$
declare
  head record;
  low bigint;
  high bigint;
  middle bigint;
begin
  select h.* into head from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if not coalesce(head.cut_claimed_at < clock_timestamp() - interval '55 minutes', false) or not exists (
       select from public.job_queue_log l
        where l.queue = $1 and l.seq = head.archived_seq + 1 and l.created_at < $2 - interval '1 hour') then
    return '{"through": null}';
  end if;
  -- Times rise with the numbers, so bisection finds the event in 20 look-ups by the primary key.
  low := head.archived_seq;
  high := case when exists (select from interlock.job_queue_targets()) then least(head.version, head.projected_seq) else head.version end;
  while low < high loop
    middle := low + (high - low + 1) / 2;
    if exists (select from public.job_queue_log l where l.queue = $1 and l.seq = middle and l.created_at < $2) then
      low := middle;
    else
      high := middle - 1;
    end if;
  end loop;
  if low <= head.archived_seq then
    return '{"through": null}';
  end if;
  update interlock.job_queue_heads h set cut_claimed_at = clock_timestamp()
   where h.queue = $1 and h.cut_claimed_at = head.cut_claimed_at;
  return jsonb_build_object('through', case when found then low end);
end
$$;

-- job_queue_archive(queue, through, keep): takes the events up to a snapshot out of job_queue_log, in one transaction. Holds
-- the queue's lock only at the end, to note the cut and, without keep, to delete what is kept beside the log (some 4 µs a job:
-- 0.4 s for 100,000 jobs). A process that starts later goes on from the snapshot. Some events stay in job_queue_log until a
-- later cut: of a job that had not ended at the cut, everything from its last `queued` on, and the `queued` that took in its
-- row of `jobs`. What the job still has to come (its row, its dead letter, what is kept beside the log) leads back to them. The
-- same holds for jobs whose rows are set aside (job_queue_set_aside), for rows that still follow another job (job_queue_doubles) and, with keep, for dead letters that were neither retried
-- nor dropped. Readers in order skip everything at or below the cut.
--   through  the number of a snapshot (job_queue_put_snapshot) above the last cut
--   keep     true: the events move to job_queue_log_archive, where readers of the log find them. What is kept beside the log
--            (job_queue_data) of jobs that job_queue_log no longer mentions is deleted a year after it was last written, unless a live job
--            comes after them. false:
--            the events are deleted, with those in the archive, and with what is kept beside the log (job_queue_data,
--            job_queue_dropped) of jobs that the log no longer mentions, and who acted until then (job_queue_operators)
-- Returns {archived_seq, archived, unkept}: the cut, and by how many events it has moved; 0 if the user's tables do not follow
-- that far yet (job_queue_project) or another call is archiving. unkept: how many events that earlier cuts had kept were
-- deleted. Raises JQ001 if there is no such snapshot.
create or replace function public.job_queue_archive(queue text, through bigint, keep boolean) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- For PostgREST, which applies it to the whole call: a million events take longer than its usual 8 s.
set statement_timeout = '10min'
as $$
#variable_conflict use_column
declare
  -- Taken before anything is read, so that this sees what another call has cut.
  alone boolean := pg_try_advisory_xact_lock(hashtextextended('interlock.archive:' || $1, 0));
  head record;
  cut record;
  unkept bigint := 0;
  stale text[];
  first_kept bigint;
  digest numeric;
  -- With an archived log, the data of jobs is kept until it has not been written for a year.
  kept_since timestamptz := clock_timestamp() - interval '365 days';
begin
  select h.archived_seq, h.projected_seq, h.kept_from, h.kept_digest into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if $3 is null or head is null or not exists (
       select from interlock.job_queue_snapshots s where s.queue = $1 and s.seq = $2) then
    raise exception using errcode = 'JQ001',
      message = format('there is no snapshot of the queue at event %s to archive below', $2),
      hint = 'Make one first: npx interlock-queue snapshot.';
  end if;
  if $2 <= head.archived_seq or not alone
     or ($2 > head.projected_seq and exists (select from interlock.job_queue_targets())) then
    return jsonb_build_object('archived_seq', head.archived_seq, 'archived', 0, 'unkept', 0);
  end if;
  -- Lets the trigger that keeps the log append-only pass these rows; undone with the transaction.
  perform set_config('interlock.archive', $1 || ':' || $2, true);
  if keep then
    -- Events that stayed at an earlier cut are in the archive already, or gone for good.
    insert into interlock.job_queue_log_archive
    select l.* from public.job_queue_log l where l.queue = $1 and l.seq > head.archived_seq and l.seq <= $2;
    -- The digest of the new rows, or of all rows if none was recorded before.
    select coalesce(head.kept_from, min(a.seq)),
           coalesce(head.kept_digest, 0) + sum(interlock.job_queue_kept_digest(row(a.*)::public.job_queue_log)) into first_kept, digest
      from interlock.job_queue_log_archive a
     where a.queue = $1 and a.seq > case when head.kept_from is null then 0 else head.archived_seq end;
  else
    -- The events kept before would have a gap after them.
    delete from interlock.job_queue_log_archive a where a.queue = $1;
    get diagnostics unkept = row_count;
  end if;
  select l.hash, l.created_at into cut from public.job_queue_log l where l.queue = $1 and l.seq = $2;
  -- From the log alone, not from the jobs that live now: what ended after the cut is still followed and listed.
  with jobs as materialized (
    select l.job_id, max(l.seq) filter (where l.event_type = 'queued') as life,
           max(l.seq) filter (where l.event_type in ('completed', 'cancelled')) as ended,
           max(l.seq) filter (where l.event_type = 'expired'
             or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final')) as died
      from public.job_queue_log l
     where l.queue = $1 and l.seq <= $2 and l.job_id is not null
     group by l.job_id),
  stay as materialized (
    select j.job_id, coalesce(j.life, 0) as life
      from jobs j
      left join interlock.job_queue_dropped d on d.queue = $1 and d.job_id = j.job_id
     where j.life > coalesce(greatest(j.ended, case when not $3 or d.seq >= j.died then j.died end), 0)
        or exists (select from public.job_queue_set_aside a where a.queue = $1 and a.job_id = j.job_id)
        or exists (select from interlock.job_queue_doubles o where o.queue = $1 and o.job_id = j.job_id)
        or exists (select from interlock.job_queue_doubles o where o.queue = $1 and o.stands_for = j.job_id))
  delete from public.job_queue_log l
   where l.queue = $1 and l.seq <= $2
     and not exists (
       select from stay s
        where s.job_id = l.job_id and (s.life <= l.seq or (l.event_type = 'queued' and l.data ? 'intake')));
  stale := array(
      select d.job_id from interlock.job_queue_data d
       where d.queue = $1 and coalesce(d.life, 0) <= $2 and (not keep or d.updated_at < kept_since)
         -- The payload of a schedule stays for as long as that does; then it is null.
         and not (left(d.job_id, 1) = chr(1) and d.payload is not null)
         and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = d.job_id)
         and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = d.job_id)
         -- Its result is for a live job that comes after it: the `linked` events of that one are in the log for as long as it lives.
         and d.job_id not in (
           select p.id from public.job_queue_log l
             join public.job_queue_jobs c on c.queue = $1 and c.job_id = l.job_id
             cross join lateral jsonb_array_elements_text(l.data -> 'after') as p (id)
            where l.queue = $1 and l.event_type = 'linked'));
  perform set_config('interlock.archive', '', true);
  update interlock.job_queue_heads h
     set archived_seq = $2,
         cut_claimed_at = to_timestamp(0),
         kept_from = case when keep then first_kept end,
         kept_digest = case when keep then digest end,
         -- Events that are gone cannot be checked: the chain goes on from the hash of the last of them.
         chain_from = case when keep or cut.hash is null then h.chain_from else $2 end,
         chain_start = case when keep or cut.hash is null then h.chain_start else cut.hash end
   where h.queue = $1;
  -- Under the queue's lock, which an append of the same ids takes first too: in the other order, each would wait for the other.
  -- The slow search was done before; its conditions are checked again, since a job may have been enqueued again meanwhile.
  delete from interlock.job_queue_data d
   where d.queue = $1 and d.job_id = any (stale) and coalesce(d.life, 0) <= $2 and (not keep or d.updated_at < kept_since)
     and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = d.job_id)
     and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = d.job_id);
  -- Who acted before the cut: the events that name their processes are gone.
  delete from interlock.job_queue_operators o where o.queue = $1 and not keep and o.noted_at <= cut.created_at;
  perform interlock.job_queue_sweep_once($1, 10000);
  -- An end that is no longer in job_queue_log is no longer listed, whether it was dropped or not.
  delete from interlock.job_queue_dropped d
   where d.queue = $1 and d.seq <= $2 and (not keep or not exists (
     select from public.job_queue_log l where l.queue = $1 and l.job_id = d.job_id and l.seq <= d.seq));
  return jsonb_build_object('archived_seq', $2, 'archived', $2 - head.archived_seq, 'unkept', unkept);
end
$$;

-- job_queue_archive_before(queue, before, keep): job_queue_archive at the newest snapshot whose events are all older than a
-- time; for pg_cron, say. SELECT job_queue_archive_before('default', now() - interval '7 days', true);
--   keep  as in job_queue_archive
-- Returns what job_queue_archive returns; {archived_seq, archived: 0, unkept: 0} if there is no such snapshot. Raises what it
-- raises.
create or replace function public.job_queue_archive_before(queue text, before timestamptz, keep boolean) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  cut bigint;
begin
  select max(s.seq) into cut
    from interlock.job_queue_snapshots s
    join public.job_queue_log l on l.queue = s.queue and l.seq = s.seq
   where s.queue = $1 and l.created_at < $2;
  if cut is null then
    return jsonb_build_object('archived', 0, 'unkept', 0, 'archived_seq',
      (select coalesce(max(h.archived_seq), 0) from interlock.job_queue_heads h where h.queue = $1));
  end if;
  return public.job_queue_archive($1, cut, $3);
end
$$;

-- job_queue_archived_events(queue, after, max_events): a page of archived events that were kept (job_queue_archive), in the
-- form of job_queue_events; for job_queue_read.
-- Returns [{seq, at, event_type, …}, …]; empty if there is nothing after, or the next event was not kept.
create or replace function interlock.job_queue_archived_events(queue text, after bigint, max_events integer) returns json
language sql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
  select coalesce(json_agg(e.*), '[]')
    from (
      select l.seq, (extract(epoch from l.created_at) * 1000000)::bigint as at, l.event_type, l.job_id, l.job_type,
             l.models, l.worker_id, l.data, l.command_id, l.command_hash, l.schema_version
        from interlock.job_queue_log_archive l
       where l.queue = $1 and l.seq > $2 and l.seq <= $2 + $3
         and exists (select from interlock.job_queue_log_archive n where n.queue = $1 and n.seq = $2 + 1)
       order by l.seq) e
$$;

-- job_queue_kept_digest(event): for job_queue_archive and job_queue_kept, a number that hardly any other event has. The numbers
-- of many events are added up, in any order. It finds accidental changes and changes by hand; against a deliberate forger use
-- the hash chain (job_queue_start_chain). Returns a whole number.
create or replace function interlock.job_queue_kept_digest(event public.job_queue_log) returns numeric
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select hashtextextended(interlock.job_queue_event_text(event), event.seq)::numeric
$$;

-- job_queue_kept(queue): whether job_queue_log_archive still holds the events that were archived and kept, unchanged. Reads all
-- of them: some 10 s for a million.
-- Returns null if none were kept, or if the release that archived them noted nothing; else {first, through, missing, changed}:
-- the events that have to be there, the number of the first missing one or null, and whether any was changed. Raises nothing.
create or replace function public.job_queue_kept(queue text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set statement_timeout = '10min'
as $$
#variable_conflict use_column
declare
  head record;
  kept record;
  missing bigint;
begin
  select h.kept_from, h.archived_seq, h.kept_digest into head
    from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if head.kept_from is null then
    return null;
  end if;
  select count(*) as events, sum(interlock.job_queue_kept_digest(row(a.*)::public.job_queue_log)) as digest into kept
    from interlock.job_queue_log_archive a where a.queue = $1 and a.seq between head.kept_from and head.archived_seq;
  if kept.events <> head.archived_seq - head.kept_from + 1 then
    select coalesce(min(g.place), head.kept_from + kept.events) into missing
      from (select a.seq, head.kept_from - 1 + row_number() over (order by a.seq) as place
              from interlock.job_queue_log_archive a
             where a.queue = $1 and a.seq between head.kept_from and head.archived_seq) g
     where g.seq <> g.place;
  end if;
  return jsonb_build_object('first', head.kept_from, 'through', head.archived_seq, 'missing', missing,
    'changed', missing is null and kept.digest is distinct from head.kept_digest);
end
$$;
