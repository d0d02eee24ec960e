-- job_queue_append_along(queue, expected_version, events, changes, along): job_queue_append with what would be calls of their own before
-- and after it, for clients that pay for each request (docs/supabase.md).
--   along  {rows: [job_id, …]}: jobs that these events start for the first time and that came as a row: what job_queue_data_of says of
--          them. It is read before the queue is locked, so no lock and no policy of the user's table can hold up another append;
--          {project: batch}: job_queue_project of so many events, right after these. The caller asks for it only while such steps are quick,
--          since the queue is locked meanwhile
-- Returns what job_queue_append does, with data of these jobs too, and with projected: the answer of job_queue_project and its took_ms.
-- A part that fails is left out, and the append is made without it: rows while somebody has locked jobs, if reading them raises, or from
-- 256 KB of text on; projected if it raises, also by a deferred constraint of the user. Raises as job_queue_append does.
create or replace function public.job_queue_append_along(
  queue text, expected_version bigint, events jsonb, changes jsonb, along jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  answer jsonb;
  data jsonb;
  step jsonb;
  began timestamptz;
begin
  -- Not for an append that is lost: others were faster, as many are where many processes write.
  if along ? 'rows' and expected_version = (
       select h.version from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1) then
    begin
      if to_regclass('public.jobs') is not null then
        -- Without a wait, and so with none below.
        lock table public.jobs in access share mode nowait;
      end if;
      data := public.job_queue_data_of(queue, array(select jsonb_array_elements_text(along -> 'rows')));
      if octet_length(data::text) > 262144 then
        data := null;
      end if;
    exception when others then
      data := null;
    end;
  end if;
  answer := public.job_queue_append(queue, expected_version, events, changes);
  if answer -> 'ok' <> 'true' then
    return answer;
  end if;
  if data is not null then
    answer := answer || jsonb_build_object('data', coalesce(answer -> 'data', '[]') || data);
  end if;
  if along ? 'project' then
    began := clock_timestamp();
    begin
      step := public.job_queue_project(queue, (along ->> 'project')::integer);
      -- What the user's tables check at the end of a transaction, they check here, or the append would fail with it.
      set constraints all immediate;
      answer := answer || jsonb_build_object('projected', step
        || jsonb_build_object('took_ms', ceil(extract(epoch from clock_timestamp() - began) * 1000)));
    exception when others then
      null;
    end;
  end if;
  return answer;
end
$$;
