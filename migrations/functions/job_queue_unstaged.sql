-- job_queue_unstaged(queue, staged): the commands whose staged data, which an append should take over, is not all there.
-- Internal; called by job_queue_append, which then answers `unstaged`.
--   staged  [{command_id, job_id}, …]
-- Returns their ids; null if everything is there. Raises nothing.
create or replace function public.job_queue_unstaged(queue text, staged jsonb) returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array_agg(distinct w.command_id)
    from jsonb_to_recordset($2) as w (command_id text, job_id text)
   where not exists (
     select from public.job_queue_staged s
      where s.queue = $1 and s.command_id = w.command_id and s.job_id = w.job_id)
$$;
