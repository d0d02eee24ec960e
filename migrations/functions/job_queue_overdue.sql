-- job_queue_overdue(queue, thorough): the workers that hold active jobs although their lease is past ttl + grace, or they
-- left, or their row is missing; for job_queue_beat.
--   thorough  look also when no worker's row says so: a row that was deleted by hand says nothing. That reads all of
--             job_queue_jobs, so a beat does it only when its worker is new.
-- Returns [worker_id, …], ascending.
create or replace function public.job_queue_overdue(queue text, thorough boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not thorough and not exists (
       select from public.job_queue_workers w where w.queue = $1
          and (w.dead or w.expires_at + w.grace_ms * interval '1 millisecond' < clock_timestamp())) then
    return '[]';
  end if;
  return (
    select coalesce(jsonb_agg(distinct j.worker_id order by j.worker_id), '[]')
      from public.job_queue_jobs j
     where j.queue = $1 and j.state = 'active' and j.worker_id is not null
       and not exists (
         select from public.job_queue_workers w
          where w.queue = $1 and w.worker_id = j.worker_id
            and not w.dead and w.expires_at + w.grace_ms * interval '1 millisecond' >= clock_timestamp()));
end
$$;
