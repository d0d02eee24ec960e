-- job_queue_append_for(queue, expected_version, events, changes, answered): job_queue_append by the combiner, in the same transaction with
-- the answers to those whose commands it carries out.
--   answered  {combiner, done: [command_id, …], senders: [sender, …], concern, answers: [{to, said, wanted: [job_id, …]}, …]}: the name of the
--             combiner; the commands that these events carry out; who of their senders reads the log for what came of them; which
--             processes the append concerns beside those (nobody, free, all); and for each other sender's channel what is said there, and
--             the jobs whose data goes along. There is said '<version> [<said>, <data>]', and [<said>, <data>, 1] if the commit waits for a standby
-- Returns what job_queue_append does, with combines: whether this process still is the combiner; and if everything was written, published:
-- the commands that wait now (job_queue_published_in).
create or replace function public.job_queue_append_for(
  queue text, expected_version bigint, events jsonb, changes jsonb, answered jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  answer jsonb := public.job_queue_append($1, $2, $3, $4);
  version bigint := (answer ->> 'version')::bigint;
  one record;
  ending text := case when current_setting('synchronous_standby_names') = '' then ']' else ',1]' end;
begin
  answer := answer || jsonb_build_object('combines', exists (
    select from public.job_queue_combiners c where c.queue = $1 and c.combiner = $5 ->> 'combiner'));
  if answer -> 'ok' <> 'true' then
    return answer;
  end if;
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'combined:' || ($5 ->> 'concern') || ':' || $1 || ':' || version);
    for one in
      select a.item ->> 'to' as channel, version || ' [' || (a.item ->> 'said') || ',' as note, coalesce((
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
        from jsonb_array_elements($5 -> 'answers') as a (item)
       where a.item ->> 'to' ~ '^interlock_\w{16,50}$'
    loop
      -- A notification has room for 8,000 bytes.
      perform pg_notify(one.channel,
        one.note || case when octet_length(one.note) + octet_length(one.data) < 7900 then one.data else '[]' end || ending);
    end loop;
  end if;
  perform public.job_queue_answered($1, array(select jsonb_array_elements_text($5 -> 'done')),
    array(select jsonb_array_elements_text($5 -> 'senders')));
  return answer || jsonb_build_object('published', public.job_queue_published_in($1));
end
$$;
