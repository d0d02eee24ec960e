-- job_queue_dated(): whether rows of `jobs` always have a queued_at, because the user gave the column a default. Then it does
-- not say whether they are queued: the log does (job_queue_known). Internal.
-- Returns false if there is no such column. Raises nothing.
create or replace function public.job_queue_dated() returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from pg_attribute a
     where a.attrelid = to_regclass('public.jobs') and a.attname = public.job_queue_columns('jobs') ->> 'queued_at'
       and a.atthasdef and not a.attisdropped);
end
$$;
