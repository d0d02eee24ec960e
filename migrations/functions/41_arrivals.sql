-- Intake: rows that a user inserts into `jobs` arrive here, are claimed by a queue, and are put in line by its processes.

-- job_queue_intake(): the trigger on jobs that notes rows that arrived as pending and not queued, in one insert per statement,
-- and wakes the workers (NOTIFY interlock, 'intake', unless the setting interlock.notify is 'off'). A queued_at that is the
-- column's default says nothing (job_queue_dated). Runs as its owner, so a role that may insert into jobs needs no right on
-- anything of Interlock's. Its arguments are the user's names for job_id, queued_at, status and model, none if they are
-- Interlock's. Raises nothing: the user's insert goes on, whatever is wrong here (a warning says what).
create or replace function interlock.job_queue_intake() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ids text[];
  pending text;
  dated boolean;
begin
  -- What may fail (a column that was dropped since) is read only in the inner block. So the block takes no transaction id, and
  -- 10,000 single inserts in one transaction stay cheap.
  begin
    pending := interlock.job_queue_status('pending');
    if tg_nargs = 0 then
      select array_agg(left(a.job_id::text, 300)) filter (where a.queued_at is null), count(a.queued_at) > 0 into ids, dated
        from arrived a where a.status::text = pending;
    else
      execute format('select array_agg(left(a.%1$I::text, 300)) filter (where a.%2$I is null), count(a.%2$I) > 0
        from arrived a where a.%3$I::text = $1', variadic tg_argv) into ids, dated using pending;
    end if;
    if dated and interlock.job_queue_dated() then
      execute format('select array_agg(left(a.%1$I::text, 300)) from arrived a
        where a.%2$I::text = $1 and (a.%3$I is null or not interlock.job_queue_known(a.%1$I::text))',
        coalesce(tg_argv[0], 'job_id'), coalesce(tg_argv[2], 'status'), coalesce(tg_argv[1], 'queued_at')) into ids using pending;
    end if;
  exception when others then
    raise warning 'Interlock takes nothing in from %: %', tg_table_name, sqlerrm
      using hint = 'Run `npx interlock-queue migrate`, or drop the trigger job_queue_intake.';
  end;
  if ids is null or to_regclass('interlock.job_queue_arrivals') is null then
    return null;
  end if;
  insert into interlock.job_queue_arrivals (job_id) select unnest(ids);
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'intake');
  end if;
  return null;
end
$$;

-- job_queue_claim_arrivals(queue, lim): rows of `jobs` to take in, in the order of their arrival. They are reserved for this
-- caller for 5 s. A caller that has not called job_queue_taken by then counts as gone, and others get them. Arrivals whose row
-- is gone, is no longer pending or is queued already are dropped; those whose row may be hidden by row level security are kept,
-- for another look a minute later. Never takes the queue's lock.
--   queue  the queue that takes them in. A row that one queue has claimed goes to no other queue, unless no process of that
--          queue is left (job_queue_given_up)
--   lim    how many at most, 1..1,000
-- Returns [{arrival_id, job_id, models, priority, job_type, kind, fair_key, dedupe_key, dedupe_while, requirements}, …]: job_id null if the row has none; models from
-- required_models (only trusted roles can write it), else [model], else []; the others from the columns of these names
-- (fair_key: user_id; dedupe_key, dedupe_while and requirements: if the user named them, requirements as it is), null if there is no such column. Raises JQ001 for a limit out of bounds, JQ112 if everything that has
-- arrived is hidden: then nothing is changed; JQ113 if nothing can arrive, since Interlock does not follow `jobs`.
create or replace function public.job_queue_claim_arrivals(queue text, lim integer) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  claimed bigint[];
  unseen bigint[] := '{}';
  kept bigint[];
  found_rows jsonb;
begin
  if length(queue) between 1 and 200 is not true or lim between 1 and 1000 is not true then
    raise exception using errcode = 'JQ001', message = 'job_queue_claim_arrivals takes a queue and a limit of 1..1,000';
  end if;
  -- A crash loses only the claim.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  -- Locks the user's table before the arrivals, as a DELETE of its rows does: a TRUNCATE waits for arrivals that are locked here.
  if exists (select from pg_class c where c.oid = to_regclass('public.jobs') and c.relkind in ('r', 'p')) then
    lock table public.jobs in access share mode;
  end if;
  -- One caller after the other. The SELECT below would otherwise lock, until the end of this transaction, what another one has claimed
  -- meanwhile; and an append leaves out what is locked, which would then wait for the end of its claim.
  perform pg_advisory_xact_lock(hashtextextended('interlock.intake', 0));
  loop
    with free as (
      select a.id from interlock.job_queue_arrivals a
       where (a.queue is null or a.queue = $1 or interlock.job_queue_given_up(a.queue, a.claimed_until, a.job_id))
         and coalesce(a.claimed_until < clock_timestamp(), true)
       order by a.id limit $2 for update skip locked),
    taken as (
      update interlock.job_queue_arrivals a
         set queue = $1, claimed_until = clock_timestamp() + interval '5 seconds'
       where a.id = any (array(select id from free))
      returning a.id)
    select array_agg(t.id) into claimed from taken t;
    exit when claimed is null;
    found_rows := interlock.job_queue_arrived_rows(claimed);
    exit when found_rows is null;
    select array_agg((r ->> 'arrival_id')::bigint) into kept from jsonb_array_elements(found_rows) as r;
    delete from interlock.job_queue_arrivals a where a.id = any (claimed) and a.id <> all (coalesce(kept, '{}'));
    exit when not found_rows @> '[{"unseen": true}]';
    -- Rows that cannot be seen make room for those behind them.
    update interlock.job_queue_arrivals a set claimed_until = clock_timestamp() + interval '1 minute'
     where a.id in (select (r ->> 'arrival_id')::bigint from jsonb_array_elements(found_rows) as r where r ? 'unseen');
    unseen := unseen || kept;
    select coalesce(to_jsonb(array_agg(r order by n)), '[]') into found_rows
      from jsonb_array_elements(found_rows) with ordinality as e (r, n) where not r ? 'unseen';
    exit when found_rows <> '[]' or cardinality(unseen) >= 10000;
  end loop;
  if cardinality(unseen) > 0 and coalesce(found_rows, '[]') = '[]' then
    raise exception using errcode = 'JQ112',
      message = format('%s rows of jobs have arrived that %s, the role that Interlock runs as, cannot see: row level security hides them',
        cardinality(unseen), current_user),
      hint = format('As the owner of the table: CREATE POLICY job_queue_owner ON public.jobs TO %I USING (true) WITH CHECK (true);', current_user);
  end if;
  if found_rows is null and not exists (
    select from pg_trigger t join pg_proc p on p.oid = t.tgfoid and p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace)
     where t.tgrelid = to_regclass('public.jobs') and t.tgname = 'job_queue_intake') then
    raise exception using errcode = 'JQ113', message = case when to_regclass('public.jobs') is null
      then 'there is no table public.jobs whose rows could be taken in' else 'Interlock does not follow the table public.jobs: none of its rows arrives' end;
  end if;
  return coalesce(found_rows, '[]');
end
$$;

-- job_queue_arrived_rows(arrival_ids): the rows of `jobs` behind these arrivals, if they are still pending and not queued.
-- Internal; called by job_queue_claim_arrivals. Uses the index of the user's own key. If row level security may hide rows, an
-- arrival whose row cannot be seen comes as {arrival_id, unseen: true}: nobody knows whether the row is gone.
-- Returns what job_queue_claim_arrivals returns. An arrival whose id can find no row (it is missing, or longer than 200
-- characters) comes with nothing else, so that it is refused. Null if Interlock cannot use the table (job_queue_targets).
-- Raises 42703 if the table has no status any more.
create or replace function interlock.job_queue_arrived_rows(arrival_ids bigint[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  answer jsonb;
  hidden boolean := interlock.job_queue_hidden('jobs', 'r');
  rows refcursor;
begin
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return null;
  end if;
  -- The text is parsed here and runs under the user's search path, where the functions of his policies find their tables.
  open rows for execute format($sql$
    with a as materialized (
      select id, job_id from interlock.job_queue_arrivals where id = any ($1)),
    -- Look up the keys before any other condition: the index of rows that are not taken in would lead to all that wait.
    keyed as materialized (
      select t.%1$I as key, t.%4$I as queued_at, t.%5$I::text as status, %3$s as fields
        from public.jobs t
       where t.%1$I = any (array(select a.job_id::%2$s from a where length(a.job_id) <= 200))),
    r as (
      select k.key, k.fields from keyed k where (k.queued_at is null or $3) and k.status = $2)
    select coalesce(to_jsonb(array_agg(case when u.unseen then jsonb_build_object('arrival_id', a.id, 'unseen', true)
             else coalesce(r.fields, '{"models": [], "priority": null, "job_type": null, "kind": null, "fair_key": null, "dedupe_key": null, "dedupe_while": null}')
               || jsonb_build_object('arrival_id', a.id, 'job_id', a.job_id) end order by a.id)), '[]')
      from a
      left join r on r.key = a.job_id::%2$s
      cross join lateral (
        select $4 and length(a.job_id) <= 200 and not exists (select from keyed k where k.key = a.job_id::%2$s) is true as unseen) u
     where r.key is not null or a.job_id is null or length(a.job_id) > 200 or u.unseen
    $sql$, target.key_column, target.key_type, interlock.job_queue_row_fields(), names ->> 'queued_at', names ->> 'status')
    using arrival_ids, interlock.job_queue_status('pending'), interlock.job_queue_dated(), hidden;
  if hidden then
    perform set_config('search_path', public.job_queue_user_path(), true);
  end if;
  fetch rows into answer;
  close rows;
  return answer;
end
$$;

-- job_queue_row_fields(): the expression that reads from a row `t` of `jobs` what it says of its job. Internal; part of the
-- statements of job_queue_arrived_rows and job_queue_adoptable.
-- A row may hold a million names, or megabytes in a text. So no more is read than shows that it is too much: 101 models, and 201
-- characters of each text. Of requirements that are longer than 40,000 characters, which no valid ones are, comes 0.
-- Returns the text of the expression, which gives {models, priority, job_type, kind, fair_key, dedupe_key, dedupe_while, requirements}: models from required_models, else
-- [model], else []; [[]] for a list of lists; null for a column that the table does not have. Raises nothing.
create or replace function interlock.job_queue_row_fields() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  fields jsonb;
begin
  select coalesce(jsonb_object_agg(n.key, format('t.%I', a.attname)), '{}') into fields
    from jsonb_each_text(interlock.job_queue_columns('jobs')) as n
    join pg_attribute a on a.attrelid = to_regclass('public.jobs') and a.attname = n.value and a.attnum > 0 and not a.attisdropped
   -- What a job requires may say only who may write the coordination columns. A column that was added since the last migration: not yet.
   where n.key <> 'requirements' or (a.atttypid = 'jsonb'::regtype and exists (
     select from pg_trigger t where t.tgrelid = a.attrelid and t.tgname = '000_job_queue_guard_update'
       and strpos(pg_get_triggerdef(t.oid), quote_literal(n.value)) > 0));
  return format($sql$
    jsonb_build_object('models', coalesce(
        case when array_ndims(%1$s) > 1 then '[[]]' when %1$s is not null then to_jsonb(array(select left(unnest(%1$s), 201) limit 101)) end,
        case when %2$s is not null then to_jsonb(array[left(%2$s::text, 201)]) end, '[]'),
      'priority', %3$s, 'job_type', left(%4$s::text, 201), 'kind', left(%5$s::text, 201), 'fair_key', left(%6$s::text, 201), 'dedupe_key', left(%7$s::text, 201), 'dedupe_while', left(%8$s::text, 201),
      'requirements', case when length(%9$s::text) > 40000 then '0' else %9$s end)
    $sql$, coalesce(fields ->> 'required_models', 'null::text[]'), coalesce(fields ->> 'model', 'null'),
    coalesce(fields ->> 'priority', 'null'), coalesce(fields ->> 'job_type', 'null'), coalesce(fields ->> 'kind', 'null'),
    coalesce(fields ->> 'user_id', 'null'), coalesce(fields ->> 'dedupe_key', 'null'), coalesce(fields ->> 'dedupe_while', 'null'),
    coalesce(fields ->> 'requirements', 'null::jsonb'));
end
$$;

-- job_queue_given_up(queue, claimed_until, job_id): whether others may have a row of `jobs` that this queue has claimed; for
-- job_queue_claim_arrivals and job_queue_beat. They may when no process of that queue is alive (its name was mistyped, say), 10
-- minutes have passed, and its log does not know the job.
-- Returns null for a row that nobody has claimed. Raises nothing.
create or replace function interlock.job_queue_given_up(queue text, claimed_until timestamptz, job_id text) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select $2 < clock_timestamp() - interval '10 minutes'
     and not exists (
       select from interlock.job_queue_workers w where w.queue = $1 and not w.dead and w.expires_at > clock_timestamp())
     and not exists (select from public.job_queue_log l where l.queue = $1 and l.job_id = $3)
     and not exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = $3)
$$;

-- job_queue_taken(queue, arrival_ids, refused): finishes arrivals that this queue had claimed. Idempotent.
--   arrival_ids  arrivals that were sent to be put in line; those whose job is not in the log are offered again at once. A row whose
--                id the log knew before says so in conflict_reason (job_queue_say_not_taken_in); while it is locked it stays claimed, and is
--                offered again then
--   refused      [{arrival_id, reason}, …]: arrivals that cannot be jobs; they go to job_queue_not_taken_in, which keeps the
--                newest 10,000, and their rows say the reason in conflict_reason, unless they are locked
-- Never waits for somebody who is about to delete such a row: its arrival is offered again if the row stays.
-- Returns how many left the list of arrivals. Raises nothing.
create or replace function public.job_queue_taken(queue text, arrival_ids bigint[], refused jsonb) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  gone integer;
  reasons bigint[] := '{}';
  known bigint[];
  locked text[] := '{}';
begin
  -- What a crash takes is offered again, and the append finds it in the log.
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if jsonb_array_length(refused) > 0 then
    reasons := array(
      select a.id from interlock.job_queue_arrivals a
       where a.queue = $1 and a.id = any (array(select (r ->> 'arrival_id')::bigint from jsonb_array_elements(refused) as r))
         for update skip locked);
    insert into public.job_queue_not_taken_in (id, queue, job_id, reason, arrived_at)
    select a.id, $1, a.job_id, left(r.reason, 500), a.arrived_at
      from jsonb_to_recordset(refused) as r (arrival_id bigint, reason text)
      join interlock.job_queue_arrivals a on a.id = r.arrival_id and a.id = any (reasons)
    on conflict (id) do nothing;
    perform interlock.job_queue_say_not_taken_in($1, array_agg(a.job_id order by a.id), array_agg(r.reason order by a.id))
       from jsonb_to_recordset(refused) as r (arrival_id bigint, reason text)
       join interlock.job_queue_arrivals a on a.id = r.arrival_id and a.id = any (reasons) and length(a.job_id) <= 200;
    -- Keeps the newest 10,000. The rows of `jobs` behind the others are there: interlock adopt shows them.
    delete from public.job_queue_not_taken_in n
     where n.id < (select m.id from public.job_queue_not_taken_in m order by m.id desc offset 9999 limit 1);
  end if;
  -- Most are deleted already, by the append that put their job in line.
  known := array(
    select a.id from interlock.job_queue_arrivals a
     where a.queue = $1 and a.id = any ($2) and exists (
       select from public.job_queue_log l where l.queue = $1 and l.job_id = a.job_id)
       for update skip locked);
  if cardinality(known) > 0 then
    -- The log knew these before: an append takes the arrivals of its own jobs along.
    locked := interlock.job_queue_say_not_taken_in($1, array(
      select distinct a.job_id from interlock.job_queue_arrivals a where a.id = any (known) order by a.job_id),
      array['the queue knew a job with this id before this row; insert the row under another id']);
  end if;
  delete from interlock.job_queue_arrivals a
   where a.id = any (reasons) or (a.id = any (known) and a.job_id <> all (locked));
  get diagnostics gone = row_count;
  -- The append left these out because another transaction had them locked. They are free again at once, not only when the claim
  -- ends.
  update interlock.job_queue_arrivals a set claimed_until = clock_timestamp()
   where a.id = any (array(
     select b.id from interlock.job_queue_arrivals b
      where b.queue = $1 and b.id = any ($2) and b.id <> all (known) and b.claimed_until > clock_timestamp() for update skip locked));
  return gone;
end
$$;

-- job_queue_say_not_taken_in(queue, job_ids, reasons): says in pending rows of `jobs`, in conflict_reason, that no job comes of them, and
-- why. Internal; called by job_queue_taken. The last reason is that of all further rows. A row that speaks for a live job (job_queue_linked) is that job's,
-- and the projection writes it. One by one, since a trigger or CHECK of the user may refuse a row: such a row stays as it is.
-- Returns the ids of rows that are locked: those say it later. Waits for no row lock, raises nothing but a cancelled statement (57014).
create or replace function interlock.job_queue_say_not_taken_in(queue text, job_ids text[], reasons text[]) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
  names jsonb := interlock.job_queue_columns('jobs');
  statement text;
  rows refcursor;
  one text;
  place integer := 0;
  is_locked boolean;
  locked text[] := '{}';
begin
  select * into target from interlock.job_queue_targets() t where t.target = 'jobs';
  if not found then
    return locked;
  end if;
  statement := format($sql$
    with known as materialized (
      select t.%1$I as key from public.jobs t
       where t.%1$I = $2::%2$s and t.%3$I::text = $3 and (t.%4$I is null or $4) and t.%5$I is distinct from $5
         and not (interlock.job_queue_linked($1, 'jobs', $2, t.%4$I)
           and exists (select from public.job_queue_jobs j where j.queue = $1 and j.job_id = $2))),
    free as materialized (
      select t.%1$I as key from public.jobs t where t.%1$I = any (array(select key from known)) for no key update skip locked),
    done as (
      update public.jobs t set %5$I = $5 from free
       where t.%1$I = free.key and t.%1$I = $2::%2$s and t.%3$I::text = $3 and (t.%4$I is null or $4)
      returning 1)
    select exists (select from known) and not exists (select from done)
    $sql$, target.key_column, target.key_type, names ->> 'status', names ->> 'queued_at', names ->> 'conflict_reason');
  foreach one in array coalesce(job_ids, '{}') loop
    place := least(place + 1, cardinality(reasons));
    begin
      -- Tells the trigger job_queue_status_set that this is not a hand edit. The text is parsed with pinned names and runs under the
      -- user's own search path, where his triggers and CHECKs find what they name.
      perform set_config('interlock.projecting', 'on', true);
      open rows for execute statement using queue, one, interlock.job_queue_status('pending'), interlock.job_queue_dated(),
        'not taken in: ' || left(reasons[place], 500);
      perform set_config('search_path', public.job_queue_user_path(), true);
      fetch rows into is_locked;
      close rows;
      perform set_config('search_path', 'pg_catalog, pg_temp', true);
      perform set_config('interlock.projecting', '', true);
      if is_locked then
        locked := locked || one;
      end if;
    exception when others then
      null;
    end;
  end loop;
  return locked;
end
$$;

-- job_queue_known(job_id): whether the log of any queue knows a job with this id. Internal.
-- Returns true or false. Raises nothing.
create or replace function interlock.job_queue_known(job_id text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
begin
  return exists (
    select from public.job_queue_log l
     where l.queue = any (array(select h.queue from interlock.job_queue_heads h)) and l.job_id = $1);
end
$$;
