-- The folded ledger at a sequence number. A process that starts from it reads only newer events. It is written by the process
-- whose event completes the next round number of events. The log stays the truth.
create table if not exists interlock.job_queue_snapshots (
  queue text not null check (length(queue) between 1 and 200),
  seq bigint not null,
  state jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (queue, seq)
);

-- The ledger itself, as lines of JSON in chunks (job_queue_put_snapshot_chunk), so that no call has to carry all of it. The state
-- of a row in job_queue_snapshots names its chunks ({shape, maker, chunks, …}). It is written after them, and until then they are
-- invisible. The chunks have a table of their own, because older releases would overlook a new column; they refuse the new shape
-- of the state instead. Chunks that a crash left behind have no such row, and the next snapshot deletes them
-- (job_queue_drop_chunks).
create table if not exists interlock.job_queue_snapshot_chunks (
  queue text not null check (length(queue) between 1 and 200),
  seq bigint not null,
  maker text not null check (length(maker) between 1 and 100),
  n integer not null check (n >= 0),
  body text not null check (octet_length(body) <= 4194304),
  written_at timestamptz not null default clock_timestamp(),
  primary key (queue, seq, maker, n)
);
