-- The log is append-only for its owner too. TRUNCATE fires no row trigger, so it has a trigger of its own.
create or replace trigger job_queue_log_append_only
  before update or delete on public.job_queue_log
  for each row execute function interlock.job_queue_refuse_change();
create or replace trigger job_queue_log_no_truncate
  before truncate on public.job_queue_log
  for each statement execute function interlock.job_queue_refuse_change();

-- The archive is append-only too.
create or replace trigger job_queue_log_archive_append_only
  before insert or update or delete on interlock.job_queue_log_archive
  for each row execute function interlock.job_queue_refuse_change();
create or replace trigger job_queue_log_archive_no_truncate
  before truncate on interlock.job_queue_log_archive
  for each statement execute function interlock.job_queue_refuse_change();

-- What may leave the log, a snapshot says: without it nobody could read on from there. Once a statement, not once a row.
create or replace trigger job_queue_log_below_snapshot
  before delete on public.job_queue_log
  for each statement execute function interlock.job_queue_refuse_change();
create or replace trigger job_queue_log_archive_below_snapshot
  before insert or delete on interlock.job_queue_log_archive
  for each statement execute function interlock.job_queue_refuse_change();

-- The snapshot at which a log was cut stays: without it the queue could not be opened.
create or replace trigger job_queue_snapshots_keep_cut
  before update or delete on interlock.job_queue_snapshots
  for each row execute function interlock.job_queue_keep_cut();
create or replace trigger job_queue_snapshots_no_truncate
  before truncate on interlock.job_queue_snapshots
  for each statement execute function interlock.job_queue_keep_cut();
create or replace trigger job_queue_snapshot_chunks_keep_cut
  before update or delete on interlock.job_queue_snapshot_chunks
  for each row execute function interlock.job_queue_keep_cut();
create or replace trigger job_queue_snapshot_chunks_no_truncate
  before truncate on interlock.job_queue_snapshot_chunks
  for each statement execute function interlock.job_queue_keep_cut();

-- The end of an attempt in the transaction of its handler is looked at again at the commit. A constraint trigger cannot be replaced.
do $ends$
begin
  if not exists (
    select from pg_catalog.pg_trigger t
     where t.tgrelid = 'interlock.job_queue_inbox'::regclass and t.tgname = 'job_queue_inbox_ends' and not t.tgisinternal) then
    create constraint trigger job_queue_inbox_ends after insert on interlock.job_queue_inbox deferrable initially deferred
      for each row when (new.request_id like 'end-of:%') execute function interlock.job_queue_check_end();
  end if;
end
$ends$;

-- A browser cannot jump the queue: anon and authenticated can neither set nor change a coordination column, nor the column of requirements, if one is
-- named. For all other roles the WHEN clauses make the triggers free. Their names sort first, so a trigger of the user that fills in a value later (a
-- priority by plan, for example) has the last word.
do $guards$
declare
  item record;
  event text;
begin
  for item in
    select n.target, string_agg(quote_literal(n.yours), ', ' order by n.place) as arguments,
           string_agg(format('new.%I is not null', n.yours), ' or ' order by n.place) as insert,
           format('(%s) is distinct from (%s)', string_agg(format('new.%I', n.yours), ', ' order by n.place),
             string_agg(format('old.%I', n.yours), ', ' order by n.place)) as update
      from (
        select c.target, c.yours, c.adds, r.place
          from json_array_elements(current_setting('interlock.names')::json) with ordinality as r (value, place)
          cross join lateral json_to_record(r.value) as c (target text, needs text, adds text, yours text, fits boolean)
         where c.adds is not null or (c.needs = 'object' and c.fits)) as n
     where exists (
       select from pg_catalog.pg_class t
         join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = n.yours and not a.attisdropped
        where t.oid = to_regclass('public.' || n.target) and t.relkind in ('r', 'p'))
       and n.target = any (string_to_array(current_setting('interlock.followed'), ','))
     group by n.target having count(n.adds) = case n.target when 'jobs' then 5 else 3 end
  loop
    -- Its arguments are the columns that it guards, so with other names it has to be created again.
    continue when exists (
      select from pg_catalog.pg_trigger t
       where t.tgrelid = to_regclass('public.' || item.target) and t.tgname = '000_job_queue_guard_update'
         and strpos(pg_get_triggerdef(t.oid), '(' || item.arguments || ')') > 0);
    foreach event in array array['insert', 'update'] loop
      execute format('create or replace trigger %I before %s on public.%I for each row
        when (current_user in (''anon'', ''authenticated'') and (%s)) execute function interlock.job_queue_guard_columns(%s)',
        '000_job_queue_guard_' || event, event, item.target,
        case event when 'insert' then item.insert else item.update end, item.arguments);
    end loop;
  end loop;
end
$guards$;

-- Notes rows that are inserted into jobs from now on, for workers with intake to take in. Existing rows are not touched. A
-- statement trigger fires for the table that the statement names, so each partition has one too.
do $intake$
declare
  part regclass;
  names jsonb := interlock.job_queue_columns('jobs');
  own boolean := names @> '{"job_id": "job_id", "queued_at": "queued_at", "status": "status", "model": "model"}';
  -- With other names, the trigger has to be created again.
  called text := format('(%s)', case when own then '' else concat_ws(', ', quote_literal(names ->> 'job_id'),
    quote_literal(names ->> 'queued_at'), quote_literal(names ->> 'status'), quote_literal(names ->> 'model')) end);
begin
  if not exists (select from interlock.job_queue_targets() t where t.target = 'jobs') or not exists (
       select from pg_catalog.pg_attribute a
        where a.attrelid = to_regclass('public.jobs') and a.attname = names ->> 'status' and not a.attisdropped) then
    return;
  end if;
  for part in
    select to_regclass('public.jobs') union select p.relid from pg_catalog.pg_partition_tree('public.jobs') p
  loop
    if not exists (
      select from pg_catalog.pg_trigger t
       where t.tgrelid = part and t.tgname = 'job_queue_intake' and strpos(pg_get_triggerdef(t.oid), called) > 0) then
      execute format('create or replace trigger job_queue_intake after insert on %s referencing new table as arrived
        for each statement execute function interlock.job_queue_intake%s', part, called);
    end if;
    if not exists (
      select from pg_catalog.pg_trigger t
       where t.tgrelid = part and t.tgname = 'job_queue_deleted' and strpos(pg_get_triggerdef(t.oid), called) > 0) then
      execute format('create or replace trigger job_queue_deleted after delete on %s referencing old table as deleted
        for each statement execute function interlock.job_queue_deleted%s', part, called);
    end if;
  end loop;
  -- A row trigger; partitions inherit it. It names no column of the user, who could otherwise neither drop the column nor change
  -- its type.
  if not exists (
    select from pg_catalog.pg_trigger t
     where t.tgrelid = to_regclass('public.jobs') and t.tgname = 'job_queue_status_set'
       and strpos(pg_get_triggerdef(t.oid), called) > 0 and strpos(pg_get_triggerdef(t.oid), 'authenticated') > 0) then
    execute format($sql$create or replace trigger job_queue_status_set after update on public.jobs for each row
      when (current_setting('interlock.projecting', true) is distinct from 'on' or current_user in ('anon', 'authenticated'))
      execute function interlock.job_queue_status_set%s$sql$, called);
  end if;
end
$intake$;

-- Which job a row belongs to: a row that a browser writes belongs only to the job that is made from it (job_queue_unlinked). On
-- each table that Interlock follows. Partitions have the row trigger too, also later ones.
do $owners$
declare
  item record;
  part regclass;
  wanted record;
begin
  for item in
    select t.target, to_regclass('public.' || t.target) as id, interlock.job_queue_columns(t.target) as names,
           format('%L, %L', t.target, t.key_column) as called, quote_literal(t.key_column) as key
      from interlock.job_queue_targets() t
  loop
    for wanted in
      select w.* from (values
        ('job_queue_row_unlinked', format('after insert on public.%I for each row
           when (current_user in (''anon'', ''authenticated'')) execute function interlock.job_queue_row_unlinked(%s)', item.target, item.called), true),
        ('job_queue_row_moved', format('after update on public.%I for each row
           when (current_setting(''interlock.projecting'', true) is distinct from ''on'' or current_user in (''anon'', ''authenticated''))
           execute function interlock.job_queue_row_unlinked(%s)', item.target, item.called), item.target <> 'jobs'),
        ('job_queue_row_linked', format('after update on public.%1$I for each row
           when (current_setting(''interlock.projecting'', true) is distinct from ''on'' and current_user not in (''anon'', ''authenticated'')
             and new.%2$I is distinct from old.%2$I) execute function interlock.job_queue_row_linked(%3$s)',
           item.target, item.names ->> 'required_models', item.called), true)) as w (name, definition, wanted)
       where w.wanted
    loop
      -- With other names, the trigger has to be created again.
      if not exists (
        select from pg_catalog.pg_trigger t
         where t.tgrelid = item.id and t.tgname = wanted.name and strpos(pg_get_triggerdef(t.oid), '(' || item.called || ')') > 0
           and (wanted.name <> 'job_queue_row_linked'
             or strpos(pg_get_triggerdef(t.oid), format('new.%I', item.names ->> 'required_models')) > 0)) then
        execute format('create or replace trigger %I %s', wanted.name, wanted.definition);
      end if;
    end loop;
    for part in
      select item.id union select p.relid from pg_catalog.pg_partition_tree(item.id) p
    loop
      if item.target <> 'jobs' and not exists (
        select from pg_catalog.pg_trigger t
         where t.tgrelid = part and t.tgname = 'job_queue_execution_deleted' and strpos(pg_get_triggerdef(t.oid), '(' || item.key || ')') > 0) then
        execute format('create or replace trigger job_queue_execution_deleted after delete on %s referencing old table as deleted
          for each statement execute function interlock.job_queue_execution_deleted(%s)', part, item.key);
      end if;
      for wanted in
        select w.* from (values ('job_queue_truncated', 'before', item.target = 'jobs'), ('job_queue_emptied', 'after', true))
          as w (name, moment, wanted)
         where w.wanted
           and not exists (
             select from pg_catalog.pg_trigger t
              where t.tgrelid = part and t.tgname = w.name and strpos(pg_get_triggerdef(t.oid), '(' || item.called || ', ') > 0)
      loop
        execute format('create or replace trigger %I %s truncate on %s for each statement
          execute function interlock.job_queue_truncated(%s, %L)', wanted.name, wanted.moment, part, item.called, item.names ->> 'queued_at');
      end loop;
    end loop;
  end loop;
end
$owners$;

-- Functions that the ones above have replaced.
drop function if exists public.job_queue_cancel_by_hand(text[]);
drop function if exists public.job_queue_say_known(text, text[]);
drop function if exists public.job_queue_complete_in(text, text, jsonb, text, boolean);
