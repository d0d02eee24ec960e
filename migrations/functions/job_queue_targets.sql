-- job_queue_targets(): which tables of the user the outer projection writes to. Internal.
-- Returns target ('jobs', 'workflow_executions'), key_column (the column that holds the job's id) and key_type (text,
-- character varying or uuid). A table that is missing, that lacks a coordination column, or that the owner of Interlock
-- may not update is left out. Raises nothing.
create or replace function public.job_queue_targets()
returns table (target text, key_column text, key_type text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct on (t.name) t.name, a.attname::text, format_type(a.atttypid, null)
    from (values
      ('jobs', array['job_id'],
        array['required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority']),
      ('workflow_executions', array['execution_id', 'id'],
        array['required_models', 'blocked_by_job_id', 'conflict_reason'])) as t (name, keys, columns)
    join pg_class c on c.oid = to_regclass('public.' || t.name) and c.relkind in ('r', 'p')
    join pg_attribute a on a.attrelid = c.oid and a.attname = any (t.keys) and not a.attisdropped
     and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
   where has_table_privilege(c.oid, 'SELECT') and has_table_privilege(c.oid, 'UPDATE')
     and (select count(*) from pg_attribute k
           where k.attrelid = c.oid and k.attname = any (t.columns) and not k.attisdropped) = cardinality(t.columns)
   order by t.name, array_position(t.keys, a.attname::text)
$$;
