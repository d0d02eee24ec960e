-- job_queue_signed(queue, worker_ids): who acted through these processes (job_queue_sign), 1,000 at most. Who was not noted, or was
-- deleted, is missing.
-- Returns [{worker_id, operator, host, command, at}, …]; at in microseconds since 1970. Raises JQ001 for too many ids.
create or replace function public.job_queue_signed(queue text, worker_ids text[]) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  if cardinality($2) <= 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_signed takes at most 1,000 ids';
  end if;
  return (
    select coalesce(to_jsonb(array_agg(jsonb_build_object('worker_id', o.worker_id, 'operator', o.operator, 'host', o.host,
             'command', o.command, 'at', (extract(epoch from o.noted_at) * 1000000)::bigint))), '[]')
      from public.job_queue_operators o
     where o.queue = $1 and o.worker_id = any ($2));
end
$$;
