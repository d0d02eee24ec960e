-- The coordination columns of the user's tables. A table that is missing, or whose key is neither text nor uuid (a table
-- of that name which is for something else), is passed over: Interlock works without it.
do $columns$
declare
  has_jobs boolean;
  has_workflows boolean;
begin
  -- One ALTER per table, and none when nothing is missing: each takes an exclusive lock.
  select exists (
    select from pg_catalog.pg_attribute a
     where a.attrelid = to_regclass('public.jobs') and a.attname = 'job_id' and not a.attisdropped
       and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)) into has_jobs;
  select exists (
    select from pg_catalog.pg_attribute a
     where a.attrelid = to_regclass('public.workflow_executions') and a.attname in ('execution_id', 'id')
       and not a.attisdropped
       and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)) into has_workflows;

  if has_jobs and (
    select count(*) from pg_catalog.pg_attribute a
     where a.attrelid = to_regclass('public.jobs') and not a.attisdropped
       and a.attname in ('required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority')) < 5 then
    alter table public.jobs
      add column if not exists required_models text[],
      add column if not exists blocked_by_job_id text,
      add column if not exists conflict_reason text,
      add column if not exists queued_at timestamptz,
      add column if not exists priority integer;
    -- The rows follow the log from its beginning.
    update public.job_queue_heads set projected_seq = 0 where projected_seq > 0;
  end if;
  if has_workflows and (
    select count(*) from pg_catalog.pg_attribute a
     where a.attrelid = to_regclass('public.workflow_executions') and not a.attisdropped
       and a.attname in ('required_models', 'blocked_by_job_id', 'conflict_reason')) < 3 then
    alter table public.workflow_executions
      add column if not exists required_models text[],
      add column if not exists blocked_by_job_id text,
      add column if not exists conflict_reason text;
    update public.job_queue_heads set projected_seq = 0 where projected_seq > 0;
  end if;

  -- What waits: SELECT job_id, blocked_by_job_id, conflict_reason FROM jobs WHERE blocked_by_job_id IS NOT NULL;
  if has_jobs and to_regclass('public.jobs_blocked_by_job_id_idx') is null then
    create index jobs_blocked_by_job_id_idx on public.jobs (blocked_by_job_id) where blocked_by_job_id is not null;
  end if;
  -- What was not taken in yet: SELECT job_id FROM jobs WHERE status = 'pending' AND queued_at IS NULL;
  if has_jobs and to_regclass('public.jobs_not_taken_in_idx') is null and exists (
    select from pg_catalog.pg_attribute a
     where a.attrelid = to_regclass('public.jobs') and a.attname = 'status' and not a.attisdropped) then
    create index jobs_not_taken_in_idx on public.jobs (status) where queued_at is null;
  end if;
  -- Workflows that wait: SELECT * FROM workflow_executions WHERE blocked_by_job_id IS NOT NULL;
  if has_workflows and to_regclass('public.workflow_executions_blocked_by_job_id_idx') is null then
    create index workflow_executions_blocked_by_job_id_idx on public.workflow_executions (blocked_by_job_id)
      where blocked_by_job_id is not null;
  end if;
end
$columns$;
