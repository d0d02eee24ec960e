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
    from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1;
  if head.kept_from is null then
    return null;
  end if;
  select count(*) as events, sum(public.job_queue_kept_digest(row(a.*)::public.job_queue_log)) as digest into kept
    from public.job_queue_log_archive a where a.queue = $1 and a.seq between head.kept_from and head.archived_seq;
  if kept.events <> head.archived_seq - head.kept_from + 1 then
    select coalesce(min(g.place), head.kept_from + kept.events) into missing
      from (select a.seq, head.kept_from - 1 + row_number() over (order by a.seq) as place
              from public.job_queue_log_archive a
             where a.queue = $1 and a.seq between head.kept_from and head.archived_seq) g
     where g.seq <> g.place;
  end if;
  return jsonb_build_object('first', head.kept_from, 'through', head.archived_seq, 'missing', missing,
    'changed', missing is null and kept.digest is distinct from head.kept_digest);
end
$$;
