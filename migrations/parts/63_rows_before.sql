-- Rows of `jobs` that were queued before each note was kept (job_queue_unlinked): nobody knows any more who wrote them. A row that was taken
-- in counts as one that a browser wrote: it speaks for the life that came of it and for its retries, no longer for a later job with its id.
-- A retry from then does not say so: it is known by its looks (job_queue_last_retry). A row whose life is in no log and no archive any
-- more speaks for no job until the server links it. Rows that came by the gate or the API were linked, or a server wrote them: they stay the
-- server's. Where neither anon nor authenticated exist, all are. Once, by the migration that adds the column.
do $before$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  hidden boolean;
begin
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if current_setting('interlock.rows_before', true) is distinct from 'true' or target is null
     or (to_regrole('anon') is null and to_regrole('authenticated') is null) then
    return;
  end if;
  hidden := interlock.job_queue_hidden('jobs', 'r');
  execute format($sql$
    with came as materialized (
      select l.queue, l.job_id, min(l.seq) as life from (
        select queue, job_id, seq, event_type, data from public.job_queue_log
        union all select queue, job_id, seq, event_type, data from interlock.job_queue_log_archive) l
       where l.event_type in ('queued', 'deduplicated') and l.data ? 'intake' group by l.queue, l.job_id),
    rows as materialized (
      select t.%1$I::text as job_id, max(t.%2$I) as queued_at from public.jobs t group by 1),
    -- The life that a row speaks for now: the last of its retries, if there are any.
    present as materialized (
      select c.queue, c.job_id, c.life, coalesce(case when exists (
               select from public.job_queue_log l
                where l.queue = c.queue and l.job_id = c.job_id and l.event_type = 'queued' and l.seq > c.life)
             then interlock.job_queue_last_retry(c.queue, c.job_id, c.life) end, c.life) as latest
        from came c),
    noted as (
      insert into interlock.job_queue_unlinked (target, job_id, late, queue, life)
      select distinct on (c.job_id) 'jobs', c.job_id, false, c.queue, c.latest
        from present c
        left join rows r on r.job_id = c.job_id
        left join public.job_queue_log l on l.queue = c.queue and l.seq = c.life and l.created_at = r.queued_at
       where length(c.job_id) <= 200 and (r.job_id is not null or $1)
       order by c.job_id, l.seq is null, c.queue
      on conflict (target, job_id) do nothing
      returning queue, job_id, life),
    forgotten as (
      insert into interlock.job_queue_unlinked (target, job_id, late)
      select 'jobs', r.job_id, true from rows r
       where r.queued_at is not null and not $2 and length(r.job_id) <= 200
         and exists (select from interlock.job_queue_heads h where h.archived_seq > 0)
         and not exists (select from public.job_queue_log l where l.job_id = r.job_id)
         and not exists (select from interlock.job_queue_log_archive a where a.job_id = r.job_id)
      on conflict (target, job_id) do nothing)
    -- What a row says of a later job is taken back.
    insert into public.job_queue_set_aside (queue, target, job_id, sqlstate)
    select n.queue, 'jobs', n.job_id, '00000' from noted n
     where exists (
       select from public.job_queue_log l where l.queue = n.queue and l.job_id = n.job_id and l.event_type = 'queued' and l.seq > n.life)
    on conflict (queue, target, job_id) do update set next_at = clock_timestamp()
    $sql$, target.key_column, names ->> 'queued_at') using hidden, interlock.job_queue_dated();
end
$before$;
