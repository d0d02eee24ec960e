-- The coordination columns of the user's tables. A table that is missing, or whose key is neither text nor uuid (a table
-- of that name which is for something else), is passed over: Interlock works without it.
do $columns$
declare
  item record;
begin
  -- One ALTER per table, and none when nothing is missing: each takes an exclusive lock.
  for item in
    select n.target, string_agg(format('add column %I %s', n.yours, n.adds), ', ') as columns
      from json_to_recordset(current_setting('interlock.names')::json) as n (target text, adds text, yours text)
      join json_to_recordset(current_setting('interlock.names')::json) as k (target text, needs text, yours text)
        on k.target = n.target and k.needs = 'key'
      join pg_catalog.pg_attribute key
        on key.attrelid = to_regclass('public.' || k.target) and key.attname = k.yours and not key.attisdropped
       and key.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
     where n.adds is not null and not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = key.attrelid and a.attname = n.yours and not a.attisdropped)
     group by n.target
  loop
    execute format('alter table public.%I %s', item.target, item.columns);
    -- The rows follow the log from its beginning.
    update public.job_queue_heads set projected_seq = 0 where projected_seq > 0;
  end loop;
end
$columns$;

-- What waits: SELECT job_id, blocked_by_job_id, conflict_reason FROM jobs WHERE blocked_by_job_id IS NOT NULL;
-- What was not taken in yet: SELECT job_id FROM jobs WHERE status = 'pending' AND queued_at IS NULL;
-- Workflows that wait: SELECT * FROM workflow_executions WHERE blocked_by_job_id IS NOT NULL;
do $indexes$
declare
  item record;
  there regclass;
begin
  for item in
    select w.index, format('CREATE INDEX %I ON public.%I USING btree (%I) WHERE (%I IS %s)',
             w.index, w.target, n.yours, c.yours, w.condition) as definition
      from (values
        ('jobs_blocked_by_job_id_idx', 'jobs', 'blocked_by_job_id', 'blocked_by_job_id', 'NOT NULL'),
        ('jobs_not_taken_in_idx', 'jobs', 'status', 'queued_at', 'NULL'),
        ('workflow_executions_blocked_by_job_id_idx', 'workflow_executions', 'blocked_by_job_id', 'blocked_by_job_id', 'NOT NULL'))
        as w (index, target, name, asked, condition)
      join json_to_recordset(current_setting('interlock.names')::json) as n (target text, name text, yours text)
        on n.target = w.target and n.name = w.name
      join json_to_recordset(current_setting('interlock.names')::json) as c (target text, name text, yours text)
        on c.target = w.target and c.name = w.asked
     where (select count(*) from pg_catalog.pg_attribute a
             where a.attrelid = to_regclass('public.' || w.target) and a.attname in (n.yours, c.yours) and not a.attisdropped)
           = case when n.yours = c.yours then 1 else 2 end
  loop
    there := to_regclass('public.' || item.index);
    -- One that is there is left alone, unless the names have changed under it.
    if there is not null and current_setting('interlock.columns') <> ''
       and replace(pg_get_indexdef(there), ' ON ONLY ', ' ON ') <> item.definition then
      execute format('drop index %s', there);
      there := null;
    end if;
    if there is null then
      execute item.definition;
    end if;
  end loop;
end
$indexes$;
