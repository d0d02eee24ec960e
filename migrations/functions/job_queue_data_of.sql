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
  names jsonb := public.job_queue_columns('jobs');
  lives jsonb;
  others text[];
  logged jsonb;
begin
  if job_ids is null or cardinality(job_ids) > 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_data_of takes up to 1,000 ids';
  end if;
  rows := public.job_queue_user_rows(job_ids);
  if rows <> '{}' then
    rows := rows - array(
      select w.id from unnest(public.job_queue_doubtful($1, 'jobs', job_ids)) as w (id)
       where not public.job_queue_linked($1, 'jobs', w.id,
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
        select k.* from public.job_queue_data k
         where k.queue = $1 and k.job_id = w.id
           -- If the `queued` event is not in the log (it is archived), the job was not enqueued since.
           and k.life is not distinct from coalesce((lives ->> w.id)::bigint, k.life)
        offset 0) d on true);
end
$$;
