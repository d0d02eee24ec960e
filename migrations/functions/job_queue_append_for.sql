-- job_queue_append_for(queue, expected_version, events, changes, done, senders): job_queue_append by the process that decides for others as
-- well, in the same transaction with what is to be done for those.
--   done     ids of the commands of others that it has decided with these events (job_queue_handed): they are deleted
--   senders  whose those are: named in a notification
-- Returns what job_queue_append does, and with it, when everything was written, handed: the commands that wait now.
create or replace function public.job_queue_append_for(
  queue text, expected_version bigint, events jsonb, changes jsonb, done text[], senders text[]) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  answer jsonb := public.job_queue_append($1, $2, $3, $4);
begin
  if answer -> 'ok' <> 'true' then
    return answer;
  end if;
  perform public.job_queue_handled($1, $5, $6);
  return answer || jsonb_build_object('handed', public.job_queue_handed($1));
end
$$;
