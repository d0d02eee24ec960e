-- Jobs that were submitted in a transaction (job_queue_enqueue_in, job_queue_submit), one row each, from its commit until the job is in line.
-- What is committed here is never refused: the append that writes its `queued` event deletes its row. So a row also says that its job waits
-- for a process, or why it is not in line yet. Two that submit one id meet in the primary key.
-- id: which submission, for the event, and the order in which they come into line; job: what was submitted, in the names of SQL; taken_until: a process is deciding it, or has put it
-- off until then; code, reason: why it was put off (job_exists, unknown_model, …), null: nobody has looked yet.
create table if not exists interlock.job_queue_submissions (
  id bigint generated always as identity,
  queue text not null check (length(queue) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  request_id text not null check (length(request_id) between 1 and 190),
  job jsonb not null,
  submitted_at timestamptz not null default clock_timestamp(),
  taken_until timestamptz,
  code text,
  reason text,
  primary key (queue, job_id)
);

-- The oldest first: SELECT id, job FROM job_queue_submissions WHERE queue = 'default' ORDER BY id LIMIT 1000;
create unique index if not exists job_queue_submissions_order_idx on interlock.job_queue_submissions (queue, id);

-- Whether all jobs of a request are in line: SELECT 1 FROM job_queue_submissions WHERE queue = 'default' AND request_id = '…';
create index if not exists job_queue_submissions_request_idx on interlock.job_queue_submissions (queue, request_id);
