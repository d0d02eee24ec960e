-- Jobs that come after others: what the database has to say about those that have ended.

-- job_queue_endings(queue, job_ids): how the last lives of these jobs ended, for jobs that are to come after them. Looks into the log, and
-- into the archive for those of which the log says nothing. Reads only.
--   job_ids  10,000 at most
-- Returns [{job_id, outcome}, …]: completed, failed, cancelled or expired; without those of which nobody knows an end. Raises JQ001 for more
-- ids.
create or replace function public.job_queue_endings(queue text, job_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  nothing bigint[] := interlock.job_queue_void_seqs($1, false);
  found jsonb;
  rest text[];
begin
  if job_ids is null or cardinality(job_ids) > 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_endings takes up to 10,000 ids';
  end if;
  -- seq + 0: a plain order by would read the primary key backwards, past the events of all other jobs.
  select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', w.id, 'outcome', e.outcome))), '[]'), array_agg(w.id) into found, rest
    from (select distinct unnest($2) as id) w
    cross join lateral (
      select case when l.event_type = 'lease_expired' then 'failed' else l.event_type end as outcome
        from public.job_queue_log l
       where l.queue = $1 and l.job_id = w.id and l.seq <> all (nothing)
         and (l.event_type in ('completed', 'cancelled', 'expired')
           or (l.event_type in ('failed', 'lease_expired') and l.data ? 'final'))
       order by l.seq + 0 desc limit 1) e;
  rest := array(select distinct w.id from unnest($2) as w (id) where w.id <> all (coalesce(rest, '{}')));
  if cardinality(rest) = 0 then
    return found;
  end if;
  -- The archive has no index by job: one pass for all of them.
  return found || (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', e.job_id, 'outcome', e.outcome))), '[]') from (
      select distinct on (a.job_id) a.job_id, case when a.event_type = 'lease_expired' then 'failed' else a.event_type end as outcome
        from interlock.job_queue_log_archive a
       where a.queue = $1 and a.job_id = any (rest) and a.seq <> all (nothing)
         and (a.event_type in ('completed', 'cancelled', 'expired')
           or (a.event_type in ('failed', 'lease_expired') and a.data ? 'final'))
       order by a.job_id, a.seq desc) e);
end
$$;

-- job_queue_results(queue, job_ids): the results that are kept of ended jobs, for a job that comes after them. Reads only.
--   job_ids  10,000 at most
-- Returns {results: [{job_id, result}, …]} with those that have one; or {bytes} alone if they have more than 16 MB of text in all. Of a job that
-- is live again nothing is left. Raises JQ001 for more ids.
create or replace function public.job_queue_results(queue text, job_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  bytes bigint;
begin
  if job_ids is null or cardinality(job_ids) > 10000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_results takes up to 10,000 ids';
  end if;
  select coalesce(sum(octet_length(d.result::text)), 0) into bytes
    from interlock.job_queue_data d where d.queue = $1 and d.job_id = any ($2);
  if bytes > 16777216 then
    return jsonb_build_object('bytes', bytes);
  end if;
  return jsonb_build_object('results', (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('job_id', d.job_id, 'result', d.result))), '[]')
      from interlock.job_queue_data d
     where d.queue = $1 and d.job_id = any ($2) and d.result is not null
       and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = d.job_id)));
end
$$;
