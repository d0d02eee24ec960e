-- When several processes write to one queue at once, one of them decides for all while there is something to write, and the others hand
-- it their commands (job_queue_hand_in). It only saves lost appends: the version that an append names guards the log. Unlogged: after a
-- crash the processes that wait hand their commands in again.
-- decides_until: when another process may take over. The deciding process extends it while it works (job_queue_pick_up).
create unlogged table if not exists public.job_queue_deciders (
  queue text primary key check (length(queue) between 1 and 200),
  decider text not null check (length(decider) between 1 and 100),
  decides_until timestamptz not null
);
-- The server process of the connection over which it said so last. When that is gone, so is the deciding process, unless a pooler or an
-- idle connection that was closed is between them; then one process too many decides, which only costs lost appends.
alter table public.job_queue_deciders add column if not exists backend integer;
-- The channel on which it can be told commands, without keeping them here: only its owner and those who may hand in know it.
alter table public.job_queue_deciders add column if not exists address text check (length(address) between 1 and 100);

-- Commands on their way to the deciding process. Deleted by the append that carries them out, or when they need none.
create unlogged table if not exists public.job_queue_handed_in (
  queue text not null check (length(queue) between 1 and 200),
  command_id text not null check (length(command_id) between 1 and 200),
  place bigint not null generated always as identity,
  sender text not null check (length(sender) between 1 and 100),
  command jsonb not null check (pg_column_size(command) <= 4194304),
  handed_at timestamptz not null default clock_timestamp(),
  primary key (queue, command_id)
);
