-- The log is append-only for its owner too. TRUNCATE fires no row trigger, hence the second one.
create or replace trigger job_queue_log_append_only
  before update or delete on public.job_queue_log
  for each row execute function public.job_queue_refuse_change();
create or replace trigger job_queue_log_no_truncate
  before truncate on public.job_queue_log
  for each statement execute function public.job_queue_refuse_change();

-- Nobody jumps the queue from a browser: anon and authenticated neither set nor change a coordination column. The WHEN
-- clauses keep it free for everybody else. The names sort first, so that what a trigger of the user fills in afterwards
-- (a priority by plan, say) is the user's own decision and stays.
do $guards$
begin
  if (select count(*) from pg_catalog.pg_attribute a
       where a.attrelid = to_regclass('public.jobs') and not a.attisdropped
         and a.attname in ('required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority')) = 5
     and not exists (
       select from pg_catalog.pg_trigger t
        where t.tgrelid = to_regclass('public.jobs') and t.tgname = '000_job_queue_guard_update') then
    create or replace trigger "000_job_queue_guard_insert" before insert on public.jobs for each row
      when (current_user in ('anon', 'authenticated') and (
        new.required_models is not null or new.blocked_by_job_id is not null or new.conflict_reason is not null
        or new.queued_at is not null or new.priority is not null))
      execute function public.job_queue_guard_columns();
    create or replace trigger "000_job_queue_guard_update" before update on public.jobs for each row
      when (current_user in ('anon', 'authenticated') and
        (new.required_models, new.blocked_by_job_id, new.conflict_reason, new.queued_at, new.priority)
        is distinct from
        (old.required_models, old.blocked_by_job_id, old.conflict_reason, old.queued_at, old.priority))
      execute function public.job_queue_guard_columns();
  end if;
  if (select count(*) from pg_catalog.pg_attribute a
       where a.attrelid = to_regclass('public.workflow_executions') and not a.attisdropped
         and a.attname in ('required_models', 'blocked_by_job_id', 'conflict_reason')) = 3
     and not exists (
       select from pg_catalog.pg_trigger t
        where t.tgrelid = to_regclass('public.workflow_executions') and t.tgname = '000_job_queue_guard_update') then
    create or replace trigger "000_job_queue_guard_insert" before insert on public.workflow_executions for each row
      when (current_user in ('anon', 'authenticated') and (
        new.required_models is not null or new.blocked_by_job_id is not null or new.conflict_reason is not null))
      execute function public.job_queue_guard_columns();
    create or replace trigger "000_job_queue_guard_update" before update on public.workflow_executions for each row
      when (current_user in ('anon', 'authenticated') and
        (new.required_models, new.blocked_by_job_id, new.conflict_reason)
        is distinct from (old.required_models, old.blocked_by_job_id, old.conflict_reason))
      execute function public.job_queue_guard_columns();
  end if;
end
$guards$;

-- What is inserted into jobs from here on is noted, to be taken in by workers that are told to; rows that are there already
-- are not touched. A statement's trigger fires for the table that the statement names: hence one for each partition too.
do $intake$
declare
  part regclass;
begin
  if not exists (select from public.job_queue_targets() t where t.target = 'jobs') or not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = to_regclass('public.jobs') and a.attname = 'status' and not a.attisdropped) then
    return;
  end if;
  for part in
    select to_regclass('public.jobs') union select p.relid from pg_catalog.pg_partition_tree('public.jobs') p
  loop
    if not exists (select from pg_catalog.pg_trigger t where t.tgrelid = part and t.tgname = 'job_queue_intake') then
      execute format('create trigger job_queue_intake after insert on %s referencing new table as arrived
        for each statement execute function public.job_queue_intake()', part);
    end if;
    if not exists (select from pg_catalog.pg_trigger t where t.tgrelid = part and t.tgname = 'job_queue_deleted') then
      execute format('create trigger job_queue_deleted after delete on %s referencing old table as deleted
        for each statement execute function public.job_queue_deleted()', part);
    end if;
  end loop;
  -- A row's trigger, which the partitions have from their parent. It names no column of the user's, who could then neither
  -- drop it nor change its type.
  if not exists (
    select from pg_catalog.pg_trigger t
     where t.tgrelid = to_regclass('public.jobs') and t.tgname = 'job_queue_status_set') then
    create trigger job_queue_status_set after update on public.jobs for each row
      when (current_setting('interlock.projecting', true) is distinct from 'on')
      execute function public.job_queue_status_set();
  end if;
end
$intake$;
