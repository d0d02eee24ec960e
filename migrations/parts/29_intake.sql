-- Rows of the user's `jobs` that were inserted as pending since the migration, in the order of their arrival. The trigger
-- job_queue_intake writes one row here for each; the process that takes it in, or finds nothing to take in, deletes it. So
-- "inserted after activation" needs no scan and no column of the user.
-- queue: the queue that has claimed it, so that two queues never take in one row, until that queue has no process left
-- (job_queue_given_up). claimed_until: other processes of the same queue leave it alone until then.
create table if not exists interlock.job_queue_arrivals (
  id bigint generated always as identity primary key,
  queue text,
  claimed_until timestamptz,
  arrived_at timestamptz not null default clock_timestamp(),
  job_id text
);

-- Whether a job that is about to be put in line still has a row (job_queue_append), and the arrival of a deleted row:
-- SELECT id FROM job_queue_arrivals WHERE job_id = '…';
create index if not exists job_queue_arrivals_job_idx on interlock.job_queue_arrivals (job_id);

-- Rows that arrived and cannot become jobs (the id is missing or out of bounds, the models are not names), and why. They are not
-- looked at again: SELECT * FROM job_queue_not_taken_in ORDER BY id DESC;
create table if not exists public.job_queue_not_taken_in (
  id bigint primary key,
  queue text not null,
  job_id text,
  reason text not null,
  arrived_at timestamptz not null,
  refused_at timestamptz not null default clock_timestamp()
);

-- Rows of the user's tables that anon or authenticated have written. Such a row counts only for the job that was made from it (intake),
-- in that life and its retries, never for a job that happens to have its id; unless a server links it (job_queue_link). Written when such a
-- row is inserted or gets another id. Deleted with the row, and when it is linked; never because it was queued. Rows that a server writes are
-- not here. Not a projection: the log has nothing of it.
-- late: a log already had a job made from a row with this id, or another row has the same id. The row belongs to no job until a
-- server links it.
create table if not exists interlock.job_queue_unlinked (
  target text not null check (target in ('jobs', 'workflow_executions')),
  job_id text not null,
  late boolean not null,
  since timestamptz not null default clock_timestamp(),
  primary key (target, job_id)
);

-- The life that came of the row: its queue, and the number of its event (`queued`, or `deduplicated` where another job stood for it). Null
-- until the row follows it: then the log says it. Null in `jobs` also where no job came of it.
do $lives$
begin
  if exists (
    select from pg_catalog.pg_attribute a
     where a.attrelid = 'interlock.job_queue_unlinked'::regclass and a.attname = 'life' and not a.attisdropped) then
    return;
  end if;
  alter table interlock.job_queue_unlinked add column queue text, add column life bigint;
  -- Rows from before are noted once the functions are there (63_rows_before.sql).
  perform set_config('interlock.rows_before', 'true', true);
end
$lives$;

-- Settings for the user's tables. key 'columns': {"jobs": {"status": "…", …}, …}: the user's names for columns, where they differ. Only
-- the migration writes it, since triggers and indexes depend on it. key 'statuses': {"pending": "…", "running": "…", …}: the user's words
-- for the states of a job, where they differ; "enqueued": true writes them also for jobs that were not taken in from a row.
create table if not exists interlock.job_queue_settings (
  key text primary key check (key in ('statuses', 'columns')),
  value jsonb not null check (jsonb_typeof(value) = 'object'),
  updated_at timestamptz not null default clock_timestamp()
);

-- When Realtime was last told of arrivals, in milliseconds since 1970 (job_queue_wake_intake).
create sequence if not exists interlock.job_queue_intake_woken as bigint minvalue 0 start 0;
