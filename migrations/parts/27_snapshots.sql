-- The folded ledger at a sequence number, from which a reader may start. Used by later releases.
create table if not exists public.job_queue_snapshots (
  queue text not null check (length(queue) between 1 and 200),
  seq bigint not null,
  state jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (queue, seq)
);
