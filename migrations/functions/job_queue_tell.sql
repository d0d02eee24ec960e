-- job_queue_tell(queue, version, told): notifications of an append by the process that decides for all. On channel interlock
-- 'decided:<concern>:<queue>:<version>', for those who heard of that version; and on the channel of each address '<version> [<said>, <data>]',
-- the data as that of job_queue_data_of, left out where it does not fit into a notification; [<said>, <data>, 1] if the commit waits for a standby. Internal; called by job_queue_append_told.
--   told  see there; an address is a channel that its owner has made up, and nobody else knows
-- Returns nothing.
create or replace function public.job_queue_tell(queue text, version bigint, told jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  one record;
  ending text := case when current_setting('synchronous_standby_names') = '' then ']' else ',1]' end;
begin
  if current_setting('interlock.notify', true) is not distinct from 'off' then
    return;
  end if;
  perform pg_notify('interlock', 'decided:' || (told ->> 'concern') || ':' || $1 || ':' || $2);
  for one in
    select a.item ->> 'to' as channel, $2 || ' [' || (a.item ->> 'said') || ',' as note, coalesce((
      select to_jsonb(array_agg(jsonb_build_object('job_id', d.job_id, 'payload', d.payload, 'result', d.result, 'error', d.error,
               'checkpoint', d.checkpoint, 'progress', d.progress, 'trace', d.trace, 'row', null)))::text
        from jsonb_array_elements_text(a.item -> 'wanted') as w (job_id)
       cross join lateral (
         select j.life from public.job_queue_jobs j where j.queue = $1 and j.job_id = w.job_id offset 0) as j
       cross join lateral (
         select k.* from public.job_queue_data k where k.queue = $1 and k.job_id = w.job_id and k.life = j.life offset 0) as d
        -- Not of jobs that were made of a row, whose handlers are given the row. And nothing that has to be unpacked to be measured.
        where j.life > 0
          and coalesce(pg_column_size(d.payload), 0) + coalesce(pg_column_size(d.result), 0) + coalesce(pg_column_size(d.error), 0)
            + coalesce(pg_column_size(d.checkpoint), 0) + coalesce(pg_column_size(d.progress), 0) + coalesce(pg_column_size(d.trace), 0) < 4000), '[]') as data
      from jsonb_array_elements(told -> 'answers') as a (item)
     where a.item ->> 'to' ~ '^interlock_\w{16,50}$'
  loop
    -- A notification has room for 8,000 bytes.
    perform pg_notify(one.channel,
      one.note || case when octet_length(one.note) + octet_length(one.data) < 7900 then one.data else '[]' end || ending);
  end loop;
end
$$;
