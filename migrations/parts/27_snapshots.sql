-- The folded ledger at a sequence number, from which a process may start: it then reads only what came after. Written by
-- the process that appends the event that makes the next round number of them; the log stays the truth.
create table if not exists public.job_queue_snapshots (
  queue text not null check (length(queue) between 1 and 200),
  seq bigint not null,
  state jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (queue, seq)
);

-- The ledger itself, as lines of JSON in chunks (job_queue_put_snapshot_chunk), so that no call has to carry the whole of it. A row of
-- job_queue_snapshots says in its state whose chunks it stands for ({shape, maker, chunks, …}), and is written after them: until then
-- nobody sees them. In a table of their own, and named by a state whose shape older releases refuse, not by a column that they would
-- overlook. What a crash leaves half-done has no such row, and goes with the next snapshot (job_queue_drop_chunks).
create table if not exists public.job_queue_snapshot_chunks (
  queue text not null check (length(queue) between 1 and 200),
  seq bigint not null,
  maker text not null check (length(maker) between 1 and 100),
  n integer not null check (n >= 0),
  body text not null check (octet_length(body) <= 4194304),
  written_at timestamptz not null default clock_timestamp(),
  primary key (queue, seq, maker, n)
);
