-- job_queue_project_target(queue, target, key_column, key_type, job_ids): writes these rows of one table of the user, in a
-- set; when the set raises, row by row, so that only the guilty rows are set aside. Internal; called by job_queue_project.
-- Returns how many rows were written. Raises nothing but a cancelled statement (57014).
create or replace function public.job_queue_project_target(
  queue text, target text, key_column text, key_type text, job_ids text[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  wrote record;
  total integer := 0;
  one text;
  enough timestamptz;
begin
  begin
    select * into wrote from public.job_queue_write_target(queue, target, key_column, key_type, job_ids);
    perform public.job_queue_set_aside_rows(queue, target, job_ids, wrote.missed, '55P03');
    return wrote.written;
  exception when others then
    -- A user's trigger may be wrong, and it may be slow: what is not done after a second waits for a later call.
    enough := clock_timestamp() + interval '1 second';
  end;
  foreach one in array job_ids loop
    begin
      if clock_timestamp() > enough then
        raise exception using errcode = 'JQ109', message = 'no time left in this call';
      end if;
      select * into wrote from public.job_queue_write_target(queue, target, key_column, key_type, array[one]);
      perform public.job_queue_set_aside_rows(queue, target, array[one], wrote.missed, '55P03');
      total := total + wrote.written;
    exception when others then
      perform public.job_queue_set_aside_rows(queue, target, array[one], array[one], sqlstate);
    end;
  end loop;
  return total;
end
$$;
