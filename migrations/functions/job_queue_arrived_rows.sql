-- job_queue_arrived_rows(arrival_ids): the rows of `jobs` behind these arrivals, if they are still pending and not queued.
-- Internal; called by job_queue_claim_arrivals. Uses the index of the user's own key. If row level security may hide rows, an
-- arrival whose row cannot be seen comes as {arrival_id, unseen: true}: nobody knows whether the row is gone.
-- Returns what job_queue_claim_arrivals returns. An arrival whose id can find no row (it is missing, or longer than 200
-- characters) comes with nothing else, so that it is refused. Null if Interlock cannot use the table (job_queue_targets).
-- Raises 42703 if the table has no status any more.
create or replace function public.job_queue_arrived_rows(arrival_ids bigint[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  target record;
  names jsonb := public.job_queue_columns('jobs');
  answer jsonb;
  hidden boolean := public.job_queue_hidden('jobs', 'r');
  rows refcursor;
begin
  select * into target from public.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return null;
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables.
  open rows for execute format($sql$
    with a as materialized (
      select id, job_id from public.job_queue_arrivals where id = any ($1)),
    -- Look up the keys before any other condition: the index of rows that are not taken in would lead to all that wait.
    keyed as materialized (
      select t.%1$I as key, t.%4$I as queued_at, t.%5$I::text as status, %3$s as fields
        from public.jobs t
       where t.%1$I = any (array(select a.job_id::%2$s from a where length(a.job_id) <= 200))),
    r as (
      select k.key, k.fields from keyed k where (k.queued_at is null or $3) and k.status = $2)
    select coalesce(to_jsonb(array_agg(case when u.unseen then jsonb_build_object('arrival_id', a.id, 'unseen', true)
             else coalesce(r.fields, '{"models": [], "priority": null, "job_type": null, "kind": null, "fair_key": null}')
               || jsonb_build_object('arrival_id', a.id, 'job_id', a.job_id) end order by a.id)), '[]')
      from a
      left join r on r.key = a.job_id::%2$s
      cross join lateral (
        select $4 and length(a.job_id) <= 200 and not exists (select from keyed k where k.key = a.job_id::%2$s) is true as unseen) u
     where r.key is not null or a.job_id is null or length(a.job_id) > 200 or u.unseen
    $sql$, target.key_column, target.key_type, public.job_queue_row_fields(), names ->> 'queued_at', names ->> 'status')
    using arrival_ids, public.job_queue_status('pending'), public.job_queue_dated(), hidden;
  if hidden then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  fetch rows into answer;
  close rows;
  return answer;
end
$$;
