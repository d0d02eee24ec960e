-- The coordination columns of the user's tables. A table that is missing is skipped, and so is one whose key is neither text nor
-- uuid (a view, or a table of the same name for something else): Interlock works without it.
do $columns$
declare
  item record;
begin
  -- One ALTER per table, and none if nothing is missing: each takes an exclusive lock.
  for item in
    select n.target, string_agg(format('add column %I %s', n.yours, n.adds), ', ') as columns
      from json_to_recordset(current_setting('interlock.names')::json) as n (target text, adds text, yours text)
      join json_to_recordset(current_setting('interlock.names')::json) as k (target text, needs text, yours text)
        on k.target = n.target and k.needs = 'key'
      join pg_catalog.pg_class t on t.oid = to_regclass('public.' || k.target) and t.relkind in ('r', 'p')
      join pg_catalog.pg_attribute key
        on key.attrelid = t.oid and key.attname = k.yours and not key.attisdropped
       and key.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
     where n.adds is not null and n.target = any (string_to_array(current_setting('interlock.followed'), ',')) and not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = key.attrelid and a.attname = n.yours and not a.attisdropped)
     group by n.target
  loop
    execute format('alter table public.%I %s', item.target, item.columns);
    -- The new columns follow the log from its beginning.
    update interlock.job_queue_heads set projected_seq = 0 where projected_seq > 0;
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
      join pg_catalog.pg_class t on t.oid = to_regclass('public.' || w.target) and t.relkind in ('r', 'p')
     where w.target = any (string_to_array(current_setting('interlock.followed'), ','))
       and (select count(*) from pg_catalog.pg_attribute a
             where a.attrelid = t.oid and a.attname in (n.yours, c.yours) and not a.attisdropped)
           = case when n.yours = c.yours then 1 else 2 end
  loop
    there := to_regclass('public.' || item.index);
    -- An existing index is left alone, unless the names have changed.
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

-- Tells an account with a table of this name that its rows will not become jobs: no other error would show it.
do $passed_over$
declare
  item record;
  told text[] := '{}';
begin
  for item in
    select w.what, w.remedy
      from json_to_recordset(current_setting('interlock.names')::json) as n (target text, name text, needs text, yours text)
      join pg_catalog.pg_class t on t.oid = to_regclass('public.' || n.target)
      left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = n.yours and a.attnum > 0 and not a.attisdropped
      cross join lateral (select t.relkind in ('r', 'p') as is_table,
        a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype) as is_key,
        case n.target when 'jobs' then 'its rows do not become jobs' else 'its rows do not follow' end as so,
        -- A column that could be the key, because it is unique by itself.
        (select u.attname from pg_catalog.pg_index i
           join pg_catalog.pg_attribute u on u.attrelid = i.indrelid and u.attnum = i.indkey[0]
          where i.indrelid = t.oid and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
            and u.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
          order by i.indisprimary desc, u.attnum limit 1) as key) as s
      cross join lateral (
        select format('%s is no table: %s', n.target, s.so), ''
         where n.needs = 'key' and not s.is_table
        union all
        select format('%s has no column %s of type text, varchar or uuid: %s', n.target, n.yours, s.so),
               format('If they should: npx interlock-queue migrate --column %s', case when s.key ~ '^[a-z0-9_]+$' or s.key is null
                 then format('%s.%s=%s', n.target, n.name, coalesce(s.key, '<yours>'))
                 else format('"%s.%s=%s"', n.target, n.name, s.key) end)
         where n.needs = 'key' and s.is_table and s.is_key is not true
        union all
        select format('%s has no column %s: %s', n.target, n.yours, s.so),
               format('If they should: npx interlock-queue migrate --column %s.%s=<yours>', n.target, n.name)
         where n.target = 'jobs' and n.name = 'status' and a.attnum is null
           and exists (select from json_to_recordset(current_setting('interlock.names')::json) as k (target text, needs text, yours text)
             join pg_catalog.pg_attribute key on key.attrelid = t.oid and key.attname = k.yours and not key.attisdropped
              and key.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
            where k.target = 'jobs' and k.needs = 'key')
        union all
        select format('%s is not followed: %s', n.target, s.so), format('If they should: npx interlock-queue migrate --follow %s', n.target)
         where n.needs = 'key' and s.is_table and s.is_key and n.target <> all (string_to_array(current_setting('interlock.followed'), ','))
           and (n.target <> 'jobs' or exists (
             select from json_to_recordset(current_setting('interlock.names')::json) as k (target text, name text, type text)
              where k.target = 'jobs' and k.name = 'status' and k.type is not null))) as w (what, remedy)
     where not exists (
       select from json_to_recordset(current_setting('interlock.targets')::json) as o (target text, owner text)
        where o.target = n.target and o.owner is not null)
  loop
    raise warning using message = item.what, hint = item.remedy;
    told := told || concat_ws('; ', item.what, nullif(lower(left(item.remedy, 1)) || substr(item.remedy, 2), ''));
  end loop;
  -- For the program that runs this migration.
  perform set_config('interlock.passed_over', to_json(told)::text, true);
end
$passed_over$;
