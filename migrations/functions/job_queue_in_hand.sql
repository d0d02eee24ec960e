-- job_queue_in_hand(queue, job_ids): what handlers need of jobs that are started now. Internal; called by job_queue_append, under the
-- queue's lock, so it reads no table of the user and brings no more than a client takes from the wire at once.
--   job_ids  100 at most; of more, the first 100
-- Returns [{job_id, payload, result, error, checkpoint, progress, row: null}, …], as job_queue_data_of does, of those that it
-- brings: 64 KB as they are stored and 256 KB as text, in the order given. Not of jobs that were made of a row, whose handlers are
-- given the row, and not of those whose `queued` event is archived: what is not here, job_queue_data_of has. Raises nothing.
create or replace function public.job_queue_in_hand(queue text, job_ids text[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return (
    select coalesce(jsonb_agg(t.item order by t.place), '[]') from (
      select s.item, s.place, sum(octet_length(s.item::text)) over (order by s.place) as length from (
        select w.place, jsonb_build_object('job_id', w.id, 'payload', d.payload, 'result', d.result, 'error', d.error,
                 'checkpoint', d.checkpoint, 'progress', d.progress, 'row', null) as item,
               sum(coalesce(pg_column_size(d.payload), 0) + coalesce(pg_column_size(d.result), 0) + coalesce(pg_column_size(d.error), 0)
                 + coalesce(pg_column_size(d.checkpoint), 0) + coalesce(pg_column_size(d.progress), 0)) over (order by w.place) as stored
          from unnest($2[1:100]) with ordinality as w (id, place)
          -- seq + 0: read off the end of the primary key it would pass the events of all other jobs.
          join lateral (
            select max(l.seq + 0) as seq, bool_or(l.data ? 'intake') as is_of_row from public.job_queue_log l
             where l.queue = $1 and l.job_id = w.id and l.event_type = 'queued') as q on q.seq is not null and q.is_of_row is not true
          -- OFFSET 0: else it may become a join with everything that the queue keeps.
          left join lateral (
            select k.* from public.job_queue_data k where k.queue = $1 and k.job_id = w.id and k.life = q.seq offset 0) as d on true) as s
       where s.stored <= 65536) as t
     where t.length <= 262144);
end
$$;
