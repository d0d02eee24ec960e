-- A database of before has all in public: it is moved as it is, with rows, sequences, policies and triggers.
do $move$
declare
  item record;
  tables text;
begin
  select string_agg(format('public.%I', t.name), ', ' order by t.nth) into tables
    from unnest(string_to_array('{{inner_tables}}', ',')) with ordinality as t (name, nth)
   where to_regclass('public.' || t.name) is not null;
  if tables is null then
    return;
  end if;
  -- All at once, the heads first, as an append has them. Who holds one and waits for another lets go of it, not the migration for ever.
  for tries in 1..100 loop
    begin
      set local lock_timeout = '300ms';
      execute format('lock table %s in access exclusive mode', tables);
      exit;
    exception when lock_not_available or deadlock_detected then
      if tries = 100 then
        raise;
      end if;
      perform pg_sleep(random() / 10);
    end;
  end loop;
  set local lock_timeout = '10s';
  for item in
    select c.oid::regclass as id, c.relkind from pg_catalog.pg_class c
     where c.relnamespace = 'public'::regnamespace
       and (c.relname = any (string_to_array('{{inner_tables}}', ',')) or c.relname = 'job_queue_intake_woken')
  loop
    execute format('alter %s %s set schema interlock', case item.relkind when 'S' then 'sequence' else 'table' end, item.id);
  end loop;
  for item in
    select p.oid::regprocedure as id from pg_catalog.pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.proname = any (string_to_array('{{inner_functions}}', ','))
  loop
    execute format('alter function %s set schema interlock', item.id);
  end loop;
end
$move$;
