-- Commands by SQL (job_queue_request), for any live coordinator to decide; and a cancel for each live job whose row of `jobs` was
-- deleted or set to cancelled. The command's id in the log is 'sql:' and the id of the request, so that it is carried out once.
-- taken_until: a coordinator is deciding it; if it has not answered by then, others may. Of a large call (call:…), which is answered when it
-- is committed: its process puts the jobs in line until then.
-- The size limit applies to jsonb, which takes up to 6 times the bytes of the text: 1 MB of payload always fits.
create table if not exists interlock.job_queue_inbox (
  queue text not null check (length(queue) between 1 and 200),
  request_id text not null check (length(request_id) between 1 and 190),
  command jsonb not null check (pg_column_size(command) <= 8388608),
  answer jsonb,
  created_at timestamptz not null default clock_timestamp(),
  answered_at timestamptz,
  taken_until timestamptz,
  primary key (queue, request_id)
);

-- What has not been decided yet, the oldest first:
-- SELECT request_id, command FROM job_queue_inbox WHERE queue = 'default' AND answered_at IS NULL ORDER BY created_at LIMIT 100;
create index if not exists job_queue_inbox_open_idx on interlock.job_queue_inbox (queue, created_at)
  where answered_at is null;

-- Answers older than a day, to be deleted:
-- SELECT request_id FROM job_queue_inbox WHERE queue = 'default' AND answered_at < now() - interval '1 day';
create index if not exists job_queue_inbox_answered_idx on interlock.job_queue_inbox (queue, answered_at)
  where answered_at is not null;

-- Whether to cancel a job that is about to start (job_queue_append). The index is empty or nearly so, and a look costs nothing:
-- SELECT command ->> 'job_id' FROM job_queue_inbox WHERE queue = 'default' AND left(command ->> 'job_id', 200) = '…'
--   AND answered_at IS NULL AND command ->> 'type' = 'cancel';
create index if not exists job_queue_inbox_cancel_idx on interlock.job_queue_inbox (queue, (left(command ->> 'job_id', 200)))
  where answered_at is null and command ->> 'type' = 'cancel';

-- The last heartbeat of a worker; only one row of each is kept:
-- SELECT request_id FROM job_queue_inbox WHERE queue = 'default' AND left(command ->> 'worker_id', 200) = '…'
--   AND command ->> 'type' = 'heartbeat';
create index if not exists job_queue_inbox_beat_idx on interlock.job_queue_inbox (queue, (left(command ->> 'worker_id', 200)))
  where command ->> 'type' = 'heartbeat';

-- Submissions that were refused after their commit, so that they can be found (job_queue_submitted, job_queue_of_job). The index has only
-- those of the last day, and is empty or nearly so:
-- SELECT request_id, answer FROM job_queue_inbox WHERE queue = 'default' AND answered_at IS NOT NULL AND answer @> '{"ok": false}'
--   AND command @> '{"type": "enqueue"}' ORDER BY answered_at DESC LIMIT 1000;
create index if not exists job_queue_inbox_refused_idx on interlock.job_queue_inbox (queue, answered_at)
  where answered_at is not null and answer @> '{"ok": false}' and command @> '{"type": "enqueue"}';
