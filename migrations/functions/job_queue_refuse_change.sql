-- job_queue_refuse_change(): the trigger that keeps job_queue_log and job_queue_log_archive append-only, for their owner too.
-- It lets job_queue_archive take out what it archives. Raises JQ101 on every other UPDATE, DELETE and TRUNCATE, and on every
-- other INSERT into the archive.
create or replace function public.job_queue_refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Only job_queue_archive inserts into the archive.
  if tg_op = 'INSERT' and coalesce(current_setting('interlock.archive', true), '') <> '' then
    if current_setting('interlock.archive') = new.queue || ':' || substring(current_setting('interlock.archive') from '[0-9]+$')
       and new.seq <= substring(current_setting('interlock.archive') from '[0-9]+$')::bigint then
      return new;
    end if;
  end if;
  -- job_queue_archive may delete the events that it has named.
  if tg_op = 'DELETE' and tg_level = 'ROW' and coalesce(current_setting('interlock.archive', true), '') <> '' then
    if current_setting('interlock.archive') = old.queue || ':' || substring(current_setting('interlock.archive') from '[0-9]+$')
       and old.seq <= substring(current_setting('interlock.archive') from '[0-9]+$')::bigint then
      return old;
    end if;
  end if;
  raise exception using errcode = 'JQ101',
    message = format('%s is append-only: %s is refused', tg_table_name, tg_op),
    hint = 'To end a job use `interlock cancel`. Personal data is in job_queue_data, not here.';
end
$$;
