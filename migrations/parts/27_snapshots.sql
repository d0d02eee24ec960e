-- The folded ledger at a sequence number, from which a process may start: it then reads only what came after. Written by
-- whoever appends the event that makes the next round number of them; the log stays the truth.
create table if not exists public.job_queue_snapshots (
  queue text not null check (length(queue) between 1 and 200),
  seq bigint not null,
  state jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (queue, seq)
);
