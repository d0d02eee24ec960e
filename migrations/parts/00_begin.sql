begin;
-- One migration at a time; the second one finds everything done. The lock is held until commit, so it works through a pooler.
select pg_advisory_xact_lock(hashtextextended('interlock.migrate', 0));
-- A role besides service_role that may run Interlock, on plain PostgreSQL ('' for none).
set local interlock.runtime_role = '';
-- The user's words for the states of a job, as JSON: {"running": "processing"} ('' to leave them as they are).
set local interlock.statuses = '';
-- The user's names for columns of his tables, as JSON: {"jobs": {"status": "state"}} ('' to leave them as they are).
set local interlock.columns = '';
-- Which of the user's tables to follow besides those that are followed already: 'jobs', 'jobs,workflow_executions', 'none'; '': as 07_follow
-- has it.
set local interlock.follow = '';
-- 'true': makes `jobs` if there is none.
set local interlock.make_jobs = '';
-- 'new' makes `jobs` and `workflow_executions`, 'any' only in an account without any table, 'existing' neither.
set local interlock.account = '{{account}}';
set local client_min_messages = warning;
-- The migration alters the user's tables. If it cannot get a lock, it fails soon and has to be run again: otherwise readers would
-- wait behind it.
set local lock_timeout = '10s';
