-- Several writers: processes publish their commands, and one of them, the combiner, appends for all (docs/inside/several-writers.md).

-- job_queue_publish(queue, sender, wait_ms, seen, commands): publishes commands for the combiner (docs/inside/several-writers.md). If there is
-- none, or it makes no progress, the sender becomes the combiner.
--   sender    1..100 characters: a name for the process that no other process has
--   wait_ms   1..86400000: so long the sender waits before it publishes again; a command is dropped after four times that
--   seen      {election, oldest} of the last answer, if the sender was not answered since; null at first. If nothing has moved since, or the
--             connection of the combiner is gone, the sender takes its place
--   commands  1..1000 of {command: {id, …}, answerTo, …}, of any content that these processes understand, 4 MB each at most; one with an
--             id that is already there keeps its place
-- Returns {combines: false, seen: {election, oldest}, barren} if they were published: a notification names the sender when they are carried
-- out (job_queue_append_for). barren: elections in a row that came to nothing. {combines: true, version, published} if the sender
-- combines from now on: its own commands were not published, the queue is at that version, and `published` has those of the others
-- (job_queue_published_in). Raises JQ001 for a call out of bounds.
create or replace function public.job_queue_publish(queue text, sender text, wait_ms integer, seen jsonb, commands jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  setting text;
  is_elected boolean;
  -- JSON's null as well as SQL's: nothing was seen.
  is_again boolean := coalesce(jsonb_typeof(seen) = 'object', false);
  current record;
  first bigint;
begin
  if wait_ms is null or wait_ms not between 1 and 86400000 or jsonb_typeof(commands) is distinct from 'array'
     or jsonb_array_length(commands) not between 1 and 1000 then
    raise exception using errcode = 'JQ001', message = 'job_queue_publish takes 1..86400000 ms and a list of 1..1000 commands';
  end if;
  -- Need not be on disk: what a crash takes is published again.
  setting := set_config('synchronous_commit', 'off', true);
  -- Locks the row, so that the combiner cannot resign before it has seen these commands.
  insert into interlock.job_queue_combiners as c (queue, combiner, backend) values ($1, $2, pg_backend_pid())
  on conflict on constraint job_queue_combiners_pkey do update
     set combiner = excluded.combiner, election = c.election + 1, barren = 0, oldest = null, backend = excluded.backend
   where c.combiner is null or c.combiner = excluded.combiner;
  is_elected := found;
  if not is_elected then
    insert into interlock.job_queue_published (queue, command_id, sender, command, waits_until)
    select $1, c.command #>> '{command,id}', $2, c.command, clock_timestamp() + 4 * $3 * interval '1 millisecond'
      from jsonb_array_elements($5) with ordinality as c (command, place)
     -- Not ON CONFLICT, which waits for an append that is deleting the row: two that lock several rows could wait for each other.
     where not exists (select from interlock.job_queue_published k where k.queue = $1 and k.command_id = c.command #>> '{command,id}')
     order by c.place;
    -- Its sender still waits. A row that an append is deleting is left alone, for the same reason.
    update interlock.job_queue_published p set waits_until = clock_timestamp() + 4 * $3 * interval '1 millisecond'
     where p.queue = $1 and is_again and p.command_id in (
       select k.command_id from interlock.job_queue_published k where k.queue = $1
          and k.command_id in (select c.command #>> '{command,id}' from jsonb_array_elements($5) as c (command)) for update skip locked);
    select c.combiner, c.election, c.barren, c.oldest, c.backend into current from interlock.job_queue_combiners c where c.queue = $1;
    select min(p.place) into first from interlock.job_queue_published p where p.queue = $1 and p.waits_until > clock_timestamp();
    -- Whether its connection is gone is asked only then: the server copies the state of all its connections for the answer.
    is_elected := is_again
      and ((($4 ->> 'election')::bigint = current.election and ($4 ->> 'oldest')::bigint is not distinct from first)
           or not exists (select from pg_stat_get_activity(current.backend)));
    if not is_elected then
      return jsonb_build_object('combines', false, 'barren', current.barren,
        'seen', jsonb_build_object('election', current.election, 'oldest', first));
    end if;
    update interlock.job_queue_combiners c
       set combiner = $2, election = c.election + 1, backend = pg_backend_pid(), oldest = first,
           barren = case when c.oldest = first then least(c.barren + 1, 20) else 1 end
     where c.queue = $1;
  end if;
  -- Its own, and those that their senders have given up, or left behind when they died.
  delete from interlock.job_queue_published p where p.queue = $1 and p.command_id in (
    select k.command_id from interlock.job_queue_published k where k.queue = $1 and (k.waits_until < clock_timestamp()
        or k.command_id in (select c.command #>> '{command,id}' from jsonb_array_elements($5) as c (command))) for update skip locked);
  -- The fastest writer loses no append, and would otherwise never learn that others write as well.
  perform interlock.job_queue_answered($1, '{}', array[$2]);
  return jsonb_build_object('combines', true, 'published', interlock.job_queue_published_in($1), 'version', coalesce(
    (select h.version from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1), 0));
end
$$;

-- job_queue_published_in(queue): the commands that wait for the combiner, the first ones first: 500 of them or 256 KB at most. Internal;
-- called by job_queue_publish, job_queue_resign and job_queue_append_for.
-- Returns [{sender, command}, …].
create or replace function interlock.job_queue_published_in(queue text) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(to_jsonb(array_agg(jsonb_build_object('sender', h.sender, 'command', h.command) order by h.place)), '[]')
    from (
      select f.place, f.sender, f.command, sum(pg_column_size(f.command)) over (order by f.place) - pg_column_size(f.command) as before
        from (
          select c.place, c.sender, c.command from interlock.job_queue_published c
           where c.queue = $1 and c.waits_until > clock_timestamp()
           order by c.place limit 500) f) h
   where h.before < 262144
$$;

-- job_queue_append_for(queue, expected_version, events, changes, answered): job_queue_append by the combiner, in the same transaction with
-- the answers to those whose commands it carries out.
--   answered  {combiner, done: [command_id, …], senders: [sender, …], concern, answers: [{to, said, wanted: [job_id, …]}, …]}: the name of the
--             combiner; the commands that these events carry out; who of their senders reads the log for what came of them; which
--             processes the append concerns beside those (nobody, free, all); and for each other sender's channel what is said there, and
--             the jobs whose data goes along. There is said '<version> [<said>, <data>]', and [<said>, <data>, 1] if the commit waits for a standby
-- Returns what job_queue_append does, with combines: whether this process still is the combiner; and if everything was written, published:
-- the commands that wait now (job_queue_published_in).
create or replace function public.job_queue_append_for(
  queue text, expected_version bigint, events jsonb, changes jsonb, answered jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  answer jsonb := public.job_queue_append($1, $2, $3, $4);
  version bigint := (answer ->> 'version')::bigint;
  one record;
  ending text := case when current_setting('synchronous_standby_names') = '' then ']' else ',1]' end;
begin
  answer := answer || jsonb_build_object('combines', exists (
    select from interlock.job_queue_combiners c where c.queue = $1 and c.combiner = $5 ->> 'combiner'));
  if answer -> 'ok' <> 'true' then
    return answer;
  end if;
  if current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'combined:' || ($5 ->> 'concern') || ':' || $1 || ':' || version);
    for one in
      select a.item ->> 'to' as channel, version || ' [' || (a.item ->> 'said') || ',' as note, coalesce((
        select to_jsonb(array_agg(jsonb_build_object('job_id', d.job_id, 'payload', d.payload, 'result', d.result, 'error', d.error,
                 'checkpoint', d.checkpoint, 'progress', d.progress, 'trace', d.trace, 'row', null)))::text
          from jsonb_array_elements_text(a.item -> 'wanted') as w (job_id)
         cross join lateral (
           select j.life from public.job_queue_jobs j where j.queue = $1 and j.job_id = w.job_id offset 0) as j
         cross join lateral (
           select k.* from interlock.job_queue_data k where k.queue = $1 and k.job_id = w.job_id and k.life = j.life offset 0) as d
          -- Not of jobs that were made of a row, whose handlers are given the row. And nothing that has to be unpacked to be measured.
          where j.life > 0
            and coalesce(pg_column_size(d.payload), 0) + coalesce(pg_column_size(d.result), 0) + coalesce(pg_column_size(d.error), 0)
              + coalesce(pg_column_size(d.checkpoint), 0) + coalesce(pg_column_size(d.progress), 0) + coalesce(pg_column_size(d.trace), 0) < 4000), '[]') as data
        from jsonb_array_elements($5 -> 'answers') as a (item)
       where a.item ->> 'to' ~ E'^interlock_\\w{16,50}$'
    loop
      -- A notification has room for 8,000 bytes.
      perform pg_notify(one.channel,
        one.note || case when octet_length(one.note) + octet_length(one.data) < 7900 then one.data else '[]' end || ending);
    end loop;
  end if;
  perform interlock.job_queue_answered($1, array(select jsonb_array_elements_text($5 -> 'done')),
    array(select jsonb_array_elements_text($5 -> 'senders')));
  return answer || jsonb_build_object('published', interlock.job_queue_published_in($1));
end
$$;

-- job_queue_answered(queue, done, senders): deletes published commands, and names their senders in a notification on channel interlock
-- (who is not among them knows by it that there is a combiner): 'answered:<sender>,…:<queue>:<version>'. Internal; called by
-- job_queue_publish, job_queue_resign and job_queue_append_for.
-- Returns nothing.
create or replace function interlock.job_queue_answered(queue text, done text[], senders text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  if cardinality($2) > 0 then
    delete from interlock.job_queue_published c where c.queue = $1 and c.command_id = any ($2);
  end if;
  -- A notification holds 8,000 bytes. A process that is not named looks by itself, later.
  if cardinality($3) > 0 and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock', 'answered:' || array_to_string($3[:60], ',') || ':' || $1 || ':' || (
      select h.version from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1));
  end if;
end
$$;

-- job_queue_resign(queue, combiner, done, senders): the combiner has nothing left to do, and resigns if nothing is published; a notification
-- on channel interlock then says so, 'resigned:<queue>'.
--   done     ids of commands that need no append: they are deleted
--   senders  the senders of those commands, named in a notification (job_queue_answered)
-- Returns {combines, published}: whether it goes on, and what is published (job_queue_published_in). combines is also false if another
-- process has taken its place.
create or replace function public.job_queue_resign(queue text, combiner text, done text[], senders text[]) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  setting text := set_config('synchronous_commit', 'off', true);
  published jsonb := '[]';
  combines boolean;
begin
  -- Locked from here on: a command that is published after the look below finds no combiner, or is seen by the next look.
  perform from interlock.job_queue_combiners c where c.queue = $1 and c.combiner = $2 for update;
  combines := found;
  perform interlock.job_queue_answered($1, $3, $4);
  if combines then
    published := interlock.job_queue_published_in($1);
    if published = '[]' then
      update interlock.job_queue_combiners c set combiner = null where c.queue = $1;
      combines := false;
      if current_setting('interlock.notify', true) is distinct from 'off' then
        perform pg_notify('interlock', 'resigned:' || $1);
      end if;
    end if;
  end if;
  return jsonb_build_object('combines', combines, 'published', published);
end
$$;
