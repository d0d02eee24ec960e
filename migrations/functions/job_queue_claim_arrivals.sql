-- job_queue_claim_arrivals(queue, lim): rows of `jobs` to take in, in the order of their arrival. They are reserved for this
-- caller for 5 s. A caller that has not called job_queue_taken by then counts as gone, and others get them. Arrivals whose row
-- is gone, is no longer pending or is queued already are dropped; those whose row may be hidden by row level security are kept,
-- for another look a minute later. Never takes the queue's lock.
--   queue  the queue that takes them in. A row that one queue has claimed goes to no other queue, unless no process of that
--          queue is left (job_queue_given_up)
--   lim    how many at most, 1..1,000
-- Returns [{arrival_id, job_id, models, priority, job_type, kind, fair_key}, …]: job_id null if the row has none; models from
-- required_models (only trusted roles can write it), else [model], else []; the others from the columns of these names
-- (fair_key: user_id), null if there is no such column. Raises JQ001 for a limit out of bounds, JQ112 if everything that has
-- arrived is hidden: then nothing is changed.
create or replace function public.job_queue_claim_arrivals(queue text, lim integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  claimed bigint[];
  unseen bigint[] := '{}';
  kept bigint[];
  found_rows jsonb;
begin
  if length(queue) between 1 and 200 is not true or lim between 1 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_claim_arrivals takes a queue and a limit of 1..1,000';
  end if;
  -- A crash loses only the claim.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  -- Locks the user's table before the arrivals, as a DELETE of its rows does: a TRUNCATE waits for arrivals that are locked here.
  if exists (select from pg_class c where c.oid = to_regclass('public.jobs') and c.relkind in ('r', 'p')) then
    lock table public.jobs in access share mode;
  end if;
  -- One caller after the other. The SELECT below would otherwise lock, until the end of this transaction, what another one has claimed
  -- meanwhile; and an append leaves out what is locked, which would then wait for the end of its claim.
  perform pg_advisory_xact_lock(hashtextextended('interlock.intake', 0));
  loop
    with free as (
      select a.id from public.job_queue_arrivals a
       where (a.queue is null or a.queue = $1 or public.job_queue_given_up(a.queue, a.claimed_until, a.job_id))
         and coalesce(a.claimed_until < clock_timestamp(), true)
       order by a.id limit $2 for update skip locked),
    taken as (
      update public.job_queue_arrivals a
         set queue = $1, claimed_until = clock_timestamp() + interval '5 seconds'
       where a.id = any (array(select id from free))
      returning a.id)
    select array_agg(t.id) into claimed from taken t;
    exit when claimed is null;
    found_rows := public.job_queue_arrived_rows(claimed);
    exit when found_rows is null;
    select array_agg((r ->> 'arrival_id')::bigint) into kept from jsonb_array_elements(found_rows) as r;
    delete from public.job_queue_arrivals a where a.id = any (claimed) and a.id <> all (coalesce(kept, '{}'));
    exit when not found_rows @> '[{"unseen": true}]';
    -- Rows that cannot be seen make room for those behind them.
    update public.job_queue_arrivals a set claimed_until = clock_timestamp() + interval '1 minute'
     where a.id in (select (r ->> 'arrival_id')::bigint from jsonb_array_elements(found_rows) as r where r ? 'unseen');
    unseen := unseen || kept;
    select coalesce(to_jsonb(array_agg(r order by n)), '[]') into found_rows
      from jsonb_array_elements(found_rows) with ordinality as e (r, n) where not r ? 'unseen';
    exit when found_rows <> '[]' or cardinality(unseen) >= 10000;
  end loop;
  if cardinality(unseen) > 0 and coalesce(found_rows, '[]') = '[]' then
    raise exception using errcode = 'JQ112',
      message = format('%s rows of jobs have arrived that %s, the role that Interlock runs as, cannot see: row level security hides them',
        cardinality(unseen), current_user),
      hint = format('As the owner of the table: CREATE POLICY job_queue_owner ON public.jobs TO %I USING (true) WITH CHECK (true);', current_user);
  end if;
  return coalesce(found_rows, '[]');
end
$$;
