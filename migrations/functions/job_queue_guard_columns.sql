-- job_queue_guard_columns(): the trigger on jobs and workflow_executions that keeps anon and authenticated from setting or
-- changing the coordination columns. Its WHEN clause has found a value in one. A column's default is no attempt to set it. A
-- default that may give another value each time (a sequence) cannot be told from such an attempt, so it replaces the value that
-- came. Its arguments are the names of these columns. Raises JQ102.
create or replace function public.job_queue_guard_columns() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  item record;
  is_set boolean := false;
  same boolean;
  fresh jsonb;
begin
  if tg_op = 'INSERT' then
    for item in
      select g.name, pg_get_expr(d.adbin, d.adrelid) as filled, format_type(a.atttypid, a.atttypmod) as type, exists (
               select from regexp_matches(d.adbin::text, ':(?:op)?funcid (\d+)', 'g') as f (ids)
                 join pg_proc p on p.oid = f.ids[1]::oid and p.provolatile = 'v') as varies
        from unnest(tg_argv) as g (name)
        left join pg_attribute a on a.attrelid = coalesce(pg_partition_root(tg_relid), tg_relid) and a.attname = g.name and not a.attisdropped
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    loop
      execute format('select ($1).%I is null', item.name) into same using new;
      continue when same;
      if item.filled is null then
        is_set := true;
        exit;
      end if;
      execute format('select ($1).%1$I is not distinct from d.value, jsonb_build_object(%1$L, d.value) from (select (%2$s)::%3$s as value) d',
        item.name, item.filled, item.type) into same, fresh using new;
      if item.varies then
        new := jsonb_populate_record(new, fresh);
      elsif not same then
        is_set := true;
        exit;
      end if;
    end loop;
    if not is_set then
      return new;
    end if;
  end if;
  raise exception using errcode = 'JQ102',
    message = format('%s may not write the coordination columns of %s', current_user, tg_table_name),
    hint = format('Leave out %s, or write them on the server with the service_role key.', array_to_string(tg_argv, ', '));
end
$$;
