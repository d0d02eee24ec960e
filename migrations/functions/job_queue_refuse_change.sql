-- job_queue_refuse_change(): the trigger that keeps job_queue_log append-only, for its owner too.
-- Raises JQ101 on every UPDATE, DELETE and TRUNCATE.
create or replace function public.job_queue_refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'JQ101',
    message = format('job_queue_log is append-only: %s is refused', tg_op),
    hint = 'To end a job use `interlock cancel`. Personal data is in job_queue_data, not here.';
end
$$;
