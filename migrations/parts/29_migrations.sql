-- Which migrations this database has. checksum: SHA-256 of the bundle that ran last under this version.
create table if not exists public.job_queue_migrations (
  version text primary key,
  checksum text not null,
  applied_at timestamptz not null default clock_timestamp()
);
