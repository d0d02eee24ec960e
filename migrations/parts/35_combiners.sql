-- When several processes write to one queue at once, one of them, the combiner, carries out what all of them have published
-- (docs/inside/several-writers.md). It only saves lost appends: the version that an append names guards the log. Unlogged: after a crash the
-- processes that wait publish again.
-- One row per queue. It changes when a combiner is elected or resigns (then `combiner` is null), and not with each append.
create unlogged table if not exists interlock.job_queue_combiners (
  queue text primary key check (length(queue) between 1 and 200),
  combiner text check (length(combiner) between 1 and 100),
  election bigint not null default 1,
  -- Elections in a row without any published command carried out in between: each doubles how long the next one has to wait.
  barren integer not null default 0,
  -- The first command that was published at the last election.
  oldest bigint,
  -- The server process of its connection. When that is gone, so is the combiner, unless a pooler is between them; then one process too
  -- many combines, which only costs lost appends.
  backend integer
);

-- Commands on their way to the combiner. Deleted by the append that carries them out, or when they need none.
-- waits_until: nobody waits for it any more after that, and it is not carried out.
create unlogged table if not exists interlock.job_queue_published (
  queue text not null check (length(queue) between 1 and 200),
  command_id text not null check (length(command_id) between 1 and 200),
  place bigint not null generated always as identity,
  sender text not null check (length(sender) between 1 and 100),
  command jsonb not null check (pg_column_size(command) <= 4194304),
  waits_until timestamptz not null,
  primary key (queue, command_id)
);
