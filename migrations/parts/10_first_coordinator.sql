-- The first coordinator's two tables have the names of ours. They become job_queue_state_v1 and job_queue_log_v1; rows, indexes,
-- policies and grants do not change. The way back: `interlock migrate --undo`.
do $first$
declare
  old text;
  part record;
  active text;
begin
  foreach old in array array['job_queue_state', 'job_queue_log'] loop
    continue when to_regclass('public.' || old) is null or exists (
      select from pg_catalog.pg_attribute a
       where a.attrelid = to_regclass('public.' || old) and a.attname = 'queue' and not a.attisdropped);
    execute format('lock table public.%I in access exclusive mode', old);
    if old = 'job_queue_state' then
      execute 'select active_job_id::text from public.job_queue_state where active_job_id is not null limit 1' into active;
      if active is not null then
        raise exception using errcode = 'JQ104',
          message = format('the first coordinator is running job %s', active),
          hint = 'Stop its workers and wait until job_queue_state.active_job_id is null (or set it to null if that job is dead), then run the migration again. Nothing was changed.';
      end if;
    end if;
    if to_regclass(format('public.%I', old || '_v1')) is not null then
      raise exception using errcode = 'JQ105',
        message = format('there are both %s of the first coordinator and a table %s_v1', old, old),
        hint = format('Rename or drop %s_v1, then run the migration again. Nothing was changed.', old);
    end if;
    -- Frees the names that our objects need, together with the table. Otherwise ours would have other names in this account.
    for part in
      select 'constraint' as kind, k.conname as name from pg_catalog.pg_constraint k
       where k.conrelid = to_regclass('public.' || old) and k.contype <> 't'
      union all
      select 'index', c.relname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
       where i.indrelid = to_regclass('public.' || old)
         and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid)
      union all
      select 'sequence', c.relname from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid
       where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
         and d.refobjid = to_regclass('public.' || old) and d.deptype in ('a', 'i') and c.relkind = 'S'
    loop
      execute format(case part.kind when 'constraint' then 'alter table public.%3$I rename constraint %1$I to %2$I'
        else 'alter ' || part.kind || ' public.%1$I rename to %2$I' end, part.name, left(part.name, 60) || '_v1', old);
    end loop;
    execute format('alter table public.%I rename to %I', old, old || '_v1');
  end loop;
end
$first$;
