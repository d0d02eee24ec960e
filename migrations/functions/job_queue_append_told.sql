-- job_queue_append_told(queue, expected_version, events, changes, done, senders, told): job_queue_append_for, and tells the senders what
-- came of their commands, so that they need not read the log.
--   told  {concern, answers: [{to, said, wanted: [job_id, …]}, …]}: which processes the append concerns beside those (nobody, free, all), and for each
--         address what is said, and the jobs whose data goes along (job_queue_tell)
-- Returns what job_queue_append_for does.
create or replace function public.job_queue_append_told(
  queue text, expected_version bigint, events jsonb, changes jsonb, done text[], senders text[], told jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  answer jsonb := public.job_queue_append($1, $2, $3, $4);
begin
  if answer -> 'ok' <> 'true' then
    return answer;
  end if;
  perform public.job_queue_tell($1, (answer ->> 'version')::bigint, $7);
  perform public.job_queue_handled($1, $5, $6);
  return answer || jsonb_build_object('handed', public.job_queue_handed($1));
end
$$;
