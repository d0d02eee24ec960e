-- job_queue_targets(): the tables of the user that the outer projection writes to. Internal.
-- Returns target ('jobs', 'workflow_executions'), key_column (the column with the job's id) and key_type (text, character
-- varying or uuid). Leaves out a table that is missing, that lacks a coordination column, or that the owner of Interlock may
-- not update. Raises nothing. PL/pgSQL, not SQL, like everything that each projection calls: its plans are kept (0.1 ms a call
-- instead of 0.9).
create or replace function public.job_queue_targets()
returns table (target text, key_column text, key_type text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  of_jobs jsonb := public.job_queue_columns('jobs');
  of_runs jsonb := public.job_queue_columns('workflow_executions');
begin
  return query
  select distinct on (t.name) t.name, a.attname::text, format_type(a.atttypid, null)
    from (values
      ('jobs', to_regclass('public.jobs'), array[of_jobs ->> 'job_id'],
        array[of_jobs ->> 'required_models', of_jobs ->> 'blocked_by_job_id', of_jobs ->> 'conflict_reason',
          of_jobs ->> 'queued_at', of_jobs ->> 'priority']),
      ('workflow_executions', to_regclass('public.workflow_executions'),
        case when of_runs ? 'execution_id' then array[of_runs ->> 'execution_id'] else array['execution_id', 'id'] end,
        array[of_runs ->> 'required_models', of_runs ->> 'blocked_by_job_id', of_runs ->> 'conflict_reason'])) as t (name, id, keys, columns)
    join pg_class c on c.oid = t.id and c.relkind in ('r', 'p')
    join pg_attribute a on a.attrelid = t.id and a.attname = any (t.keys::name[]) and not a.attisdropped
     and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
   where has_table_privilege(t.id, 'SELECT') and has_table_privilege(t.id, 'UPDATE')
     and (select count(*) from pg_attribute k
           where k.attrelid = t.id and k.attname = any (t.columns::name[]) and not k.attisdropped) = cardinality(t.columns)
   order by t.name, array_position(t.keys, a.attname::text);
end
$$;
