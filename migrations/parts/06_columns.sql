-- The names of the columns in the user's tables: those given to this migration, else those given to an earlier one, else
-- Interlock's own. The parts below find them in interlock.names, one row per column.
do $names$
declare
  given jsonb := coalesce(nullif(current_setting('interlock.columns'), ''), '{}');
  kept jsonb;
  names json;
  wrong text;
begin
  select format('%s.%s', t.key, c.key) into wrong
    from jsonb_each(given) as t
    cross join lateral jsonb_each(case jsonb_typeof(t.value) when 'object' then t.value else '{"": 0}' end) as c
    left join json_to_recordset('{{columns}}') as u (target text, name text) on u.target = t.key and u.name = c.key
   where u.name is null or jsonb_typeof(c.value) <> 'string' or octet_length(c.value #>> '{}') not between 1 and 63
   limit 1;
  if wrong is not null then
    raise exception using errcode = 'JQ110',
      message = format('columns: %s is no column that Interlock uses, or what it is given is no name', wrong),
      hint = 'The columns, and what each is for, are in interlock-queue/docs/guides/migration-guide.md. Nothing was changed.';
  end if;
  -- Before it is moved (11_schema), it is in public.
  if coalesce(to_regclass('interlock.job_queue_settings'), to_regclass('interlock.job_queue_settings')) is not null then
    execute format($sql$select s.value from %s s where s.key = 'columns'$sql$,
      coalesce(to_regclass('interlock.job_queue_settings'), to_regclass('interlock.job_queue_settings'))) into kept;
  end if;
  kept := coalesce(kept, '{}');

  with used as (
    select u.*, r.place, to_regclass('public.' || u.target) as id, coalesce(
             given -> u.target ->> u.name, kept -> u.target ->> u.name,
             -- Interlock has two names for the key of workflow_executions.
             case when u.name = 'execution_id' and not exists (
               select from pg_catalog.pg_attribute a
                where a.attrelid = to_regclass('public.workflow_executions') and a.attname = 'execution_id'
                  and not a.attisdropped and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype))
               then 'id' end,
             -- No name of Interlock's own: a column of the user's that is called so means nothing until he says so.
             case when u.needs is distinct from 'object' then u.name end) as yours
      from json_array_elements('{{columns}}') with ordinality as r (value, place)
      cross join lateral json_to_record(r.value) as u (target text, name text, needs text, adds text))
  select json_agg(json_build_object('target', u.target, 'name', u.name, 'needs', u.needs, 'adds', u.adds, 'yours', u.yours,
             'given', coalesce(given -> u.target ? u.name, false), 'found', c.oid is not null,
             'type', format_type(a.atttypid, a.atttypmod),
             'fits', case u.needs
               when 'key' then a.atttypid in ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
               when 'word' then y.typcategory in ('S', 'E') and a.attgenerated = ''
               when 'value' then y.typcategory in ('S', 'E', 'N') or a.atttypid = 'uuid'::regtype
               when 'object' then a.atttypid = 'jsonb'::regtype and a.attgenerated = ''
               when 'time' then a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
               -- A generated column or an identity cannot be written.
               else a.atttypid = u.adds::regtype and a.attgenerated = '' and a.attidentity = '' end,
             'made', a.attgenerated <> '' or a.attidentity <> '') order by u.place)
    into names
    from used u
    left join pg_catalog.pg_class c on c.oid = u.id and c.relkind in ('r', 'p')
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = u.yours and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_type y on y.oid = a.atttypid;
  perform set_config('interlock.names', names::text, true);
  if given <> '{}' then
    perform set_config('interlock.columns', coalesce((
      select jsonb_object_agg(t, coalesce(kept -> t, '{}') || coalesce(given -> t, '{}'))::text
        from unnest(array['jobs', 'workflow_executions']) as t where kept ? t or given ? t), ''), true);
  end if;
end
$names$;

-- Checks whether these columns can be used.
do $fit$
declare
  wrong record;
begin
  -- A named column that does not exist, or has the wrong type for its use.
  select n.target, n.name, case when not n.found then format('there is no table %s in schema public', n.target)
           when n.type is null then format('%s has no column %s, which is to be its %s', n.target, n.yours, n.name)
           else format('%s.%s, which is to be its %s, has type %s: Interlock needs %s', n.target, n.yours, n.name, n.type,
             case n.needs when 'key' then 'text, varchar or uuid' when 'word' then 'text or an enum, not generated'
               when 'value' then 'text, an enum, a number or a uuid' when 'time' then 'a timestamp or a date'
               when 'object' then 'jsonb, not generated'
               else n.adds end) end as what
    into wrong
    from json_to_recordset(current_setting('interlock.names')::json)
      as n (target text, name text, needs text, adds text, yours text, given boolean, found boolean, type text, fits boolean)
   where n.given and (not n.found or not n.fits or (n.type is null and n.needs is not null))
   limit 1;
  if found then
    raise exception using errcode = 'JQ110', message = 'columns: ' || wrong.what,
      hint = format('Name another: npx interlock-queue migrate --column %s.%s=<yours>. Nothing was changed.', wrong.target, wrong.name);
  end if;

  -- A column that Interlock writes may have one meaning; one that it only reads may have several.
  select n.target, n.yours, string_agg(n.name, ' and ') as meanings into wrong
    from json_to_recordset(current_setting('interlock.names')::json) as n (target text, name text, needs text, adds text, yours text)
   group by n.target, n.yours
  having count(*) > 1 and bool_or(n.needs in ('word', 'object') or n.adds is not null)
   limit 1;
  if found then
    raise exception using errcode = 'JQ110',
      message = format('columns: %s.%s cannot be %s at once', wrong.target, wrong.yours, wrong.meanings),
      hint = 'Name another for one of them: npx interlock-queue migrate --column <table>.<column>=<yours>. Nothing was changed.';
  end if;
end
$fit$;
