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
    from public.job_queue_snapshots s
    join public.job_queue_log l on l.queue = s.queue and l.seq = s.seq
   where s.queue = $1 and l.created_at < $2;
  if cut is null then
    return jsonb_build_object('archived', 0, 'unkept', 0, 'archived_seq',
      (select coalesce(max(h.archived_seq), 0) from public.job_queue_heads h where h.queue = $1));
  end if;
  return public.job_queue_archive($1, cut, $3);
end
$$;
