-- Payloads, results, errors, checkpoints, progress and trace contexts: data that you may have to erase, which therefore must not be in the
-- append-only log. Payload, result and error are written in the append of their event.
-- life: the sequence number of the `queued` event that the data belongs to. A later life of the id does not get the data of an
-- earlier one: its first write deletes that. token: of the last attempt that noted something.
-- The size limits apply to jsonb, which takes up to 6 times the bytes of the text (a list of small numbers). 1 MB of JSON text,
-- the limit for programs, always fits.
create table if not exists interlock.job_queue_data (
  queue text not null check (length(queue) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  life bigint,
  token bigint,
  payload jsonb check (pg_column_size(payload) <= 8388608),
  result jsonb check (pg_column_size(result) <= 8388608),
  error jsonb check (pg_column_size(error) <= 131072),
  checkpoint jsonb check (pg_column_size(checkpoint) <= 524288),
  progress jsonb check (pg_column_size(progress) <= 524288),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (queue, job_id)
);
-- Where the trace of the job comes from: {traceparent, tracestate, last}, as of the W3C's trace context. last: the traceparent of the
-- attempt before.
alter table interlock.job_queue_data add column if not exists trace jsonb check (pg_column_size(trace) <= 4096);

-- Who is told of what running attempts note as their progress (job_queue_watch): the channel of a process, until then. It asks again twice as
-- often. Nothing is lost with it, so it is not in the write-ahead log.
create unlogged table if not exists interlock.job_queue_watched (
  queue text not null,
  job_id text not null,
  address text not null,
  until timestamptz not null,
  primary key (queue, job_id, address)
);
