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
  select h.version into head from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update;
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
  changed := public.job_queue_put_state($1, $3);
  return answer || jsonb_build_object('ok', true, 'removed', removed + changed, 'written', written + changed);
end
$$;
