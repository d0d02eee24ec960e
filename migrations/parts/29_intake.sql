-- Rows of the user's `jobs` that were inserted as pending since the migration, in the order of their arrival: the trigger
-- job_queue_intake writes one here for each, and whoever takes it in (or finds that there is nothing to take in) deletes
-- it. So "made after activation" costs no scan and no column of the user's.
-- queue: the one that has claimed it, so that two queues never take in one row, until nobody of it is there any more
-- (job_queue_given_up); claimed_until: others of the same queue leave it alone until then.
create table if not exists public.job_queue_arrivals (
  id bigint generated always as identity primary key,
  queue text,
  claimed_until timestamptz,
  arrived_at timestamptz not null default clock_timestamp(),
  job_id text
);

-- Rows that arrived and cannot be jobs (an id that is missing or out of bounds, models that are no names), and why. They are
-- not looked at again: SELECT * FROM job_queue_not_taken_in ORDER BY id DESC;
create table if not exists public.job_queue_not_taken_in (
  id bigint primary key,
  queue text not null,
  job_id text,
  reason text not null,
  arrived_at timestamptz not null,
  refused_at timestamptz not null default clock_timestamp()
);

-- What holds for the user's tables. key 'columns': {"jobs": {"status": "…", …}, …}, the user's names for columns where they
-- differ, which only the migration writes, since triggers and indexes go with it. key 'statuses': {"pending": "…", "running": "…", …}, the user's words for the states of
-- a job, where they differ; "enqueued": true to write them also for jobs that were not taken in from a row.
create table if not exists public.job_queue_settings (
  key text primary key check (key in ('statuses', 'columns')),
  value jsonb not null check (jsonb_typeof(value) = 'object'),
  updated_at timestamptz not null default clock_timestamp()
);

-- When Realtime was last told of arrivals, in milliseconds since 1970 (job_queue_wake_intake).
create sequence if not exists public.job_queue_intake_woken as bigint minvalue 0 start 0;
