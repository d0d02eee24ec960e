-- job_queue_void_seqs(queue, finals): the numbers of void events (job_queue_voided). Internal; for functions that look into the
-- log at the rows as they were written.
--   finals  false: events that count as nothing; true: also events that are read as something else, but not as a final end
-- Returns an empty list for nearly every log. Raises nothing.
create or replace function public.job_queue_void_seqs(queue text, finals boolean) returns bigint[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(v.seq) filter (where v.data is null or (finals and not v.data ? 'final')), '{}')
    from (
      select distinct on (1) (e ->> 0)::bigint as seq, nullif((e -> 1)::jsonb, 'null') as data
        from json_array_elements(public.job_queue_voided($1, 0)) with ordinality as j (e, n)
       order by 1, n desc) v);
end
$$;
