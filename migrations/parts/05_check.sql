-- Finds everything that is in the way before anything is changed.
do $check$
declare
  newest text;
  wrong text;
begin
  if to_regclass('public.job_queue_migrations') is not null then
    execute 'select max(version) from public.job_queue_migrations' into newest;
    if newest > '{{layout}}' then
      raise exception using errcode = 'JQ106',
        message = format('this database has migration %s, this is {{version}}', newest),
        hint = 'Use the release of interlock-queue that made it, or a later one.';
    end if;
  end if;

  -- A table with one of Interlock's names that belongs neither to Interlock nor to the first coordinator.
  select c.oid::regclass::text into wrong
    from pg_catalog.pg_class c
   where c.relnamespace in (to_regnamespace('public'), to_regnamespace('interlock'))
     and (c.relname = any ('{{{tables}}}'::text[]) or c.relname in ('job_queue_state_v1', 'job_queue_log_v1'))
     and not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and not a.attisdropped
          and a.attname = case c.relname when 'job_queue_migrations' then 'checksum' when 'job_queue_settings' then 'key'
          when 'job_queue_unlinked' then 'late' else 'queue' end)
     and not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and not a.attisdropped and c.relkind = 'r'
          and (c.relname, a.attname) in (
            ('job_queue_state', 'active_job_id'), ('job_queue_log', 'event_type'),
            ('job_queue_state_v1', 'active_job_id'), ('job_queue_log_v1', 'event_type')))
   limit 1;
  if wrong is not null then
    raise exception using errcode = 'JQ105',
      message = format('there is a table %s that is not Interlock''s', wrong),
      hint = 'Rename it, then run the migration again. Nothing was changed.';
  end if;
  -- What is in the schema is Interlock's alone.
  select c.relname into wrong from pg_catalog.pg_class c
   where c.relnamespace = to_regnamespace('interlock') and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname !~ '^job_queue_' limit 1;
  if wrong is not null then
    raise exception using errcode = 'JQ105',
      message = format('there is a schema interlock, and %s in it is not Interlock''s', wrong),
      hint = 'Rename that schema, then run the migration again. Nothing was changed.';
  end if;
end
$check$;
