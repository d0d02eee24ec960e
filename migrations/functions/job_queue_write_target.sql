-- job_queue_write_target(queue, target, key_column, key_type, job_ids): brings the rows of these jobs in one of the user's
-- tables up to date, in one set. Internal; called by job_queue_project only.
--   target, key_column, key_type  as job_queue_targets() gives them (from the catalog, never from input)
--   job_ids                       which rows; ids without a row are ignored, and ids that are not a UUID if the key is one
-- Returns written (how many rows differed and were written) and missed (ids of rows that differ but could not be written: they
-- are locked, or a trigger keeps them unchanged). A row that does not speak for the job with its id (job_queue_linked) stays as
-- it is: it may be anybody's. Never waits for a row lock. Raises what a trigger, a CHECK or a foreign key of the user raises.
create or replace function public.job_queue_write_target(
  queue text, target text, key_column text, key_type text, job_ids text[], out written integer, out missed text[])
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  candidates text[] := job_ids;
  present text[];
  names jsonb := public.job_queue_columns(target);
  models text := quote_ident(names ->> 'required_models');
  blocker text := quote_ident(names ->> 'blocked_by_job_id');
  reason text := quote_ident(names ->> 'conflict_reason');
  columns text := format('%s, %s, %s', models, blocker, reason);
  shown text := format('t.%s, t.%s, t.%s', models, blocker, reason);
  ought text := format('coalesce(o.required_models, t.%s), o.blocked_by_job_id, o.conflict_reason', models);
  status_type text;
  doubtful text[];
  linked text[];
  rows refcursor;
begin
  written := 0;
  missed := '{}';
  if key_type = 'uuid' then
    select array_agg(id) into candidates from unnest(job_ids) as id
     where id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  end if;
  if target = 'jobs' then
    columns := columns || format(', %I, %I', names ->> 'queued_at', names ->> 'priority');
    shown := shown || format(', t.%I, t.%I', names ->> 'queued_at', names ->> 'priority');
    ought := ought || format(', coalesce(o.queued_at, t.%I), coalesce(o.priority, t.%I)', names ->> 'queued_at', names ->> 'priority');
    select format_type(a.atttypid, a.atttypmod) into status_type
      from pg_attribute a
     where a.attrelid = 'public.jobs'::regclass and a.attname = names ->> 'status' and not a.attisdropped;
    if status_type is not null then
      columns := columns || format(', %I', names ->> 'status');
      shown := shown || format(', t.%I', names ->> 'status');
      -- A word that the user's enum or CHECK does not allow raises an error: the row is then set aside.
      ought := ought || format(', coalesce(o.status::%s, t.%I)', status_type, names ->> 'status');
    end if;
  end if;
  -- The parameter is cast to the type of the key, and never the key to text: so the look-up uses the table's own index.
  execute format('select array_agg(t.%1$I::text) from public.%2$I t where t.%1$I = any ($1::%3$s[])',
    key_column, target, key_type) into present using candidates;
  if present is null then
    return;
  end if;
  doubtful := public.job_queue_doubtful(queue, target, present);
  -- Tells the trigger job_queue_status_set that this is not a hand edit. If the write raises, this is undone with it. A SET
  -- clause would need a superuser.
  perform set_config('interlock.projecting', 'on', true);
  -- The text is parsed with pinned names and runs under the user's own search path, where his triggers and CHECKs find what they
  -- name. `any (array)` stands beside each join, since the planner cannot know that there are few ids and would read the whole
  -- table.
  open rows for execute format($sql$
    with stale as materialized (
      select t.%1$I as key, %7$s as was, o.*
        from public.job_queue_outer_rows($1, $2) o
        join public.%2$I t on t.%1$I = o.job_id::%3$s and t.%1$I = any ($2::%3$s[])
       where (%5$s) is distinct from (%6$s)
         and (o.job_id <> all ($3) or public.job_queue_linked($1, %2$L, o.job_id, %7$s))),
    free as materialized (
      select t.%1$I as key from public.%2$I t where t.%1$I = any (array(select key from stale))
         for no key update skip locked),
    done as (
      update public.%2$I t set (%4$s) = row (%6$s)
        from stale o join free on free.key = o.key
       where t.%1$I = o.key and t.%1$I = any (array(select key from stale))
         and (o.job_id <> all ($3) or %7$s is not distinct from o.was)
      returning t.%1$I as key)
    select (select count(*) from done),
           array(select key::text from stale except all select key::text from done),
           array(select key::text from done where key::text = any ($3))
    $sql$, key_column, target, key_type, columns, shown, ought,
    case target when 'jobs' then format('t.%I', names ->> 'queued_at') else 'null::timestamptz' end) using queue, present, doubtful;
  perform set_config('search_path', public.job_queue_user_path(), true);
  fetch rows into written, missed, linked;
  close rows;
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config('interlock.projecting', '', true);
  if cardinality(linked) > 0 and target = 'jobs' then
    -- From now on, queued_at says which job these rows belong to.
    delete from public.job_queue_unlinked u where u.target = 'jobs' and u.job_id = any (linked) and not u.late;
  end if;
end
$$;
