-- One row per queue: its lock. The transaction that holds it may append the next events.
-- The version is part of the key. Every append adds an entry at the end of the index, so `where queue = $1 order by version desc
-- limit 1` finds the valid row first. With an index on the queue alone, it would first pass all earlier versions that another
-- transaction might still see (pg_dump, or an idle one): 3 ms after 30,000 appends.
-- version: the last sequence number; last_at: its time; epoch: changes when a database was restored; projected_seq: how
-- far the user's tables follow; min_reader: the lowest schema_version that a reader has to understand; chain: the hash of the last
-- event, if the events after chain_from are on the chain (job_queue_start_chain); chain_start: the hash that the first of them goes
-- on from, if those before it are gone; archived_seq: the log begins after it (below it, job_queue_log keeps only the first events of
-- jobs that lived on over the cut, job_queue_archive); cut_claimed_at: when a process began to cut it (job_queue_claim_cut).
create table if not exists interlock.job_queue_heads (
  queue text not null,
  version bigint not null default 0,
  epoch integer not null default 1,
  last_at timestamptz not null default to_timestamp(0),
  projected_seq bigint not null default 0,
  min_reader integer not null default 1,
  woken_at timestamptz not null default to_timestamp(0),
  archived_seq bigint not null default 0,
  chain_from bigint,
  chain_start bytea,
  chain bytea,
  primary key (queue, version)
);

alter table interlock.job_queue_heads add column if not exists cut_claimed_at timestamptz not null default to_timestamp(0);

-- The events of the queue that job_queue_log_archive has to hold: from kept_from up to archived_seq, with this digest
-- (job_queue_kept). Null: nothing was kept, or it was not noted.
alter table interlock.job_queue_heads add column if not exists kept_from bigint;
alter table interlock.job_queue_heads add column if not exists kept_digest numeric;

-- On this channel job_queue_append announces small appends with their events. Its name cannot be guessed: every role that may
-- connect can listen to a channel whose name it knows, and send to it. It would hear events that it may not read in the log, and
-- could send events that never happened. job_queue_wake sends to a topic of Realtime with this name in it, for the same reason.
alter table interlock.job_queue_heads add column if not exists channel text not null
  default 'interlock_' || pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', '');

-- How far the messages of job_queue_wake go: the next one brings the events after it.
alter table interlock.job_queue_heads add column if not exists woken_version bigint not null default 0;

-- For a database in which the version is not part of the key yet.
do $heads$
begin
  if exists (select from pg_catalog.pg_constraint k
              where k.conrelid = 'interlock.job_queue_heads'::regclass and k.contype = 'p' and cardinality(k.conkey) = 1) then
    alter table interlock.job_queue_heads reset (fillfactor), drop constraint job_queue_heads_pkey, add primary key (queue, version);
  end if;
end
$heads$;
