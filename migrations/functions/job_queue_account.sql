-- job_queue_account(): finds what is in Interlock's way in the user's tables, or what may be a mistake there; for `interlock
-- migrate` and `interlock doctor`. Reads only.
-- Returns [{check, level, what, remedy}, …], level problem or note; an empty list when all is well:
--   hidden    row level security hides rows from the owner of Interlock, or keeps it from writing them (job_queue_hidden)
--   words     the type of the column refuses a status that Interlock writes, or a CHECK on the status alone does
--   defaults  a coordination column has a default, or may not be null
--   key       several rows may have one id
--   schema    a search path leads to a table of this name in another schema (job_queue_shadowing)
-- Raises nothing.
create or replace function public.job_queue_account() returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  found_items jsonb := '[]';
  target record;
  item record;
  names jsonb;
begin
  for target in select t.*, to_regclass('public.' || t.target) as id from public.job_queue_targets() t loop
    names := public.job_queue_columns(target.target);
    if public.job_queue_hidden(target.target, 'r') or public.job_queue_hidden(target.target, 'w') then
      found_items := found_items || jsonb_build_object('check', 'hidden', 'level', 'problem',
        'what', format('row level security of %s holds for %s, the role that Interlock runs as: rows that it hides are not taken in, and do not follow their jobs',
          target.target, current_user),
        'remedy', format('as the owner of the table: CREATE POLICY job_queue_owner ON public.%I TO %I USING (true) WITH CHECK (true); where there are restrictive policies: ALTER ROLE %3$I BYPASSRLS;',
          target.target, current_user, current_user));
    end if;
    for item in
      select n.key as name, a.attname, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) as filled
        from jsonb_each_text(names) n
        join pg_attribute a on a.attrelid = target.id and a.attname = n.value and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where n.key in ('required_models', 'blocked_by_job_id', 'conflict_reason', 'queued_at', 'priority')
         and (d.adbin is not null or a.attnotnull)
       order by a.attnum
    loop
      if item.attnotnull and item.name in ('blocked_by_job_id', 'conflict_reason') then
        found_items := found_items || jsonb_build_object('check', 'defaults', 'level', 'problem',
          'what', format('%s.%s may not be null: Interlock writes null where no job blocks, so rows do not follow their jobs', target.target, item.attname),
          'remedy', format('ALTER TABLE public.%I ALTER COLUMN %I DROP NOT NULL, ALTER COLUMN %2$I DROP DEFAULT;', target.target, item.attname));
      elsif item.filled is null then
        found_items := found_items || jsonb_build_object('check', 'defaults', 'level', 'problem',
          'what', format('%s.%s may not be null and has no default: anon and authenticated can insert no rows, since they may not write it', target.target, item.attname),
          'remedy', format('ALTER TABLE public.%I ALTER COLUMN %I DROP NOT NULL;', target.target, item.attname));
      else
        found_items := found_items || jsonb_build_object('check', 'defaults', 'level', 'note',
          'what', format('%s.%s has the default %s: %s', target.target, item.attname, item.filled, case item.name
            when 'priority' then 'a row that comes without one is queued with it'
            when 'queued_at' then 'rows that arrive as pending are taken in whatever it says, unless the log knows their job'
            when 'required_models' then 'a row that comes without them needs these models'
            else 'it stands there until the job is queued' end),
          'remedy', format('if that is not meant: ALTER TABLE public.%I ALTER COLUMN %I DROP DEFAULT;', target.target, item.attname));
      end if;
    end loop;
    if not exists (
      select from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
       where i.indrelid = target.id and i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null
         and a.attname = target.key_column) then
      found_items := found_items || jsonb_build_object('check', 'key', 'level', 'note',
        'what', format('%s.%s is not unique by itself: of several rows with one id, those that browsers add belong to no job', target.target, target.key_column),
        'remedy', format('give each row an id of its own; a unique index that holds it for the whole table, where there can be one, is: CREATE UNIQUE INDEX ON public.%I (%I);',
          target.target, target.key_column));
    end if;
    continue when target.target <> 'jobs';
    for item in select * from public.job_queue_refused_words() loop
      found_items := found_items || jsonb_build_object('check', 'words', 'level', 'problem',
        'what', format('jobs.%s does not take %s (%s): rows of such jobs do not follow', names ->> 'status',
          array_to_string(item.words, ', '), item.because),
        'remedy', format('allow them, or name yours: interlock migrate %s', (
          select string_agg(format('--status %s=<yours>', s), ' ') from unnest(item.states) as s)));
    end loop;
  end loop;
  for item in
    select s.*, to_regclass('public.' || s.target) is null as is_alone from public.job_queue_shadowing() s
  loop
    found_items := found_items || jsonb_build_object('check', 'schema', 'level', 'problem',
      'what', format('the search path of %s leads to %I.%I, and Interlock follows the tables of schema public alone: %s', item.path_of,
        item.schema, item.target, case item.target when 'jobs' then 'its rows do not become jobs' else 'its rows do not follow' end),
      'remedy', case when item.is_alone
        then format('if they should: ALTER TABLE %I.%I SET SCHEMA public; then interlock migrate --again', item.schema, item.target)
        else format('name public.%s in your statements, or put public before %I in that search path', item.target, item.schema) end);
  end loop;
  return found_items;
end
$$;
