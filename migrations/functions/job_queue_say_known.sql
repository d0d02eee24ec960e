-- job_queue_say_known(queue, job_ids): says in pending rows of `jobs`, in conflict_reason, that no job comes of them: the log of this
-- queue knew their ids before. Internal; called by job_queue_taken. A row that speaks for a live job (job_queue_linked) is that job's,
-- and the projection writes it. One by one, since a trigger or CHECK of the user may refuse a row: such a row stays as it is.
-- Returns the ids of rows that are locked: those say it later. Waits for no row lock, raises nothing but a cancelled statement (57014).
create or replace function public.job_queue_say_known(queue text, job_ids text[]) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
  names jsonb := public.job_queue_columns('jobs');
  statement text;
  rows refcursor;
  one text;
  is_locked boolean;
  locked text[] := '{}';
begin
  select * into target from public.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return locked;
  end if;
  statement := format($sql$
    with known as materialized (
      select t.%1$I as key from public.jobs t
       where t.%1$I = $2::%2$s and t.%3$I::text = $3 and (t.%4$I is null or $4) and t.%5$I is distinct from $5
         and not (public.job_queue_linked($1, 'jobs', $2, t.%4$I)
           and exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = $2))),
    free as materialized (
      select t.%1$I as key from public.jobs t where t.%1$I = any (array(select key from known)) for no key update skip locked),
    done as (
      update public.jobs t set %5$I = $5 from free
       where t.%1$I = free.key and t.%1$I = $2::%2$s and t.%3$I::text = $3 and (t.%4$I is null or $4)
      returning 1)
    select exists (select from known) and not exists (select from done)
    $sql$, target.key_column, target.key_type, names ->> 'status', names ->> 'queued_at', names ->> 'conflict_reason');
  foreach one in array job_ids loop
    begin
      -- Tells the trigger job_queue_status_set that this is not a hand edit. The text is parsed with pinned names and runs under the
      -- user's own search path, where his triggers and CHECKs find what they name.
      perform set_config('interlock.projecting', 'on', true);
      open rows for execute statement using queue, one, public.job_queue_status('pending'), public.job_queue_dated(),
        'not taken in: the queue knew a job with this id before this row; insert the row under another id';
      perform set_config('search_path', public.job_queue_user_path(), true);
      fetch rows into is_locked;
      close rows;
      perform set_config('search_path', 'pg_catalog, pg_temp', true);
      perform set_config('interlock.projecting', '', true);
      if is_locked then
        locked := locked || one;
      end if;
    exception when others then
      null;
    end;
  end loop;
  return locked;
end
$$;
