-- Jobs that failed for good, lost their last attempt with a lease, or waited too long: the newest first (job_queue_dead).
-- SELECT seq, job_id FROM job_queue_log WHERE queue = 'default' AND (event_type = 'expired'
--   OR (event_type IN ('failed', 'lease_expired') AND data ? 'final')) ORDER BY seq DESC LIMIT 100;
create index if not exists job_queue_log_dead_idx on public.job_queue_log (queue, seq)
  where event_type = 'expired' or (event_type in ('failed', 'lease_expired') and data ? 'final');

-- Ends that are no longer listed: those of the job up to seq.
create table if not exists interlock.job_queue_dropped (
  queue text not null,
  job_id text not null,
  seq bigint not null,
  dropped_at timestamptz not null default clock_timestamp(),
  primary key (queue, job_id)
);
