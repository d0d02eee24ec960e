-- Several processes that write to one queue at once: one of them decides for all for as long as there is something to write, and the
-- others hand their commands in to it (job_queue_hand_in). A courtesy that saves lost appends: what guards the log is the version that an
-- append names. Unlogged: after a crash the commands are handed in again by those who wait for them.
-- decides_until: when another process may take its place. It puts that off while it works (job_queue_pick_up).
create unlogged table if not exists public.job_queue_deciders (
  queue text primary key check (length(queue) between 1 and 200),
  decider text not null check (length(decider) between 1 and 100),
  decides_until timestamptz not null
);

-- Commands on their way to the process that decides; deleted by the append that carries them out, or once it is known that they lead to nothing.
create unlogged table if not exists public.job_queue_handed_in (
  queue text not null check (length(queue) between 1 and 200),
  command_id text not null check (length(command_id) between 1 and 200),
  place bigint not null generated always as identity,
  sender text not null check (length(sender) between 1 and 100),
  command jsonb not null check (pg_column_size(command) <= 4194304),
  handed_at timestamptz not null default clock_timestamp(),
  primary key (queue, command_id)
);
