-- Jobs that were enqueued `once` (job_queue_put_once): who comes again under such an id is compared with this row, whatever became of the
-- job and of its events. A projection of the log, for as long as the log has the event; it outlives archive and drop.
-- seq: its `queued` event, or `deduplicated`: stands_for stood for it then, and it never came into line; until: from then on the id is free, null: never; body, payload_hash: hashes of its spec and of its payload, if
-- it came with one; has_data: something else is kept of it (JobSpec in src/engine/core/values/job.ts); digest: spec and payload for functions
-- in SQL (job_queue_job_digest), null for a row of an older release, and with stands_for.
-- SELECT o.until FROM job_queue_once o WHERE o.queue = 'default' AND o.job_id = 'invoice-2041';
create table if not exists interlock.job_queue_once (
  queue text not null check (length(queue) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  seq bigint not null,
  until timestamptz,
  body bigint not null,
  payload_hash bigint,
  has_data boolean not null default false,
  digest text,
  stands_for text,
  primary key (queue, job_id)
);
alter table interlock.job_queue_once add column if not exists digest text;
alter table interlock.job_queue_once add column if not exists stands_for text;
-- Which are over: SELECT job_id FROM job_queue_once WHERE queue = 'default' AND until <= now() ORDER BY until LIMIT 100;
create index if not exists job_queue_once_until_idx on interlock.job_queue_once (queue, until) where until is not null;
