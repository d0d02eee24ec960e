-- job_queue_refused_words(): the status words that `jobs` does not accept, as far as its definition says: by the type of the
-- column (an enum, a domain), or by a CHECK on this column alone. Internal; called by job_queue_account.
-- Returns states, the user's words for them, and what refuses them; no rows if all are accepted. Raises nothing.
create or replace function public.job_queue_refused_words() returns table (states text[], words text[], because text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  status record;
  hurdle record;
  state text;
  taken boolean;
begin
  select a.attname, a.attnum, format_type(a.atttypid, a.atttypmod) as type into status
    from pg_attribute a
   where a.attrelid = to_regclass('public.jobs') and a.attname = public.job_queue_columns('jobs') ->> 'status' and not a.attisdropped;
  if not found then
    return;
  end if;
  for hurdle in
    select 0 as place, 'its type is ' || status.type as name, 'true' as test
    union all
    (select 1, 'CHECK ' || c.conname, pg_get_expr(c.conbin, c.conrelid)
       from pg_constraint c
      where c.conrelid = to_regclass('public.jobs') and c.contype = 'c' and c.conkey = array[status.attnum] order by c.conname)
     order by 1
  loop
    states := '{}';
    words := '{}';
    foreach state in array array['pending', 'running', 'completed', 'failed', 'cancelled', 'expired'] loop
      begin
        -- A type that is too short cuts the word instead of refusing it.
        execute format('select (%s) is not false and jobs.%I::text = %L from (select %3$L::%4$s as %2$I) as jobs',
          hurdle.test, status.attname, public.job_queue_status(state), status.type) into taken;
      exception
        when invalid_text_representation or check_violation or string_data_right_truncation then
          taken := hurdle.place > 0;
        when others then
          -- A word that cannot be tried here is found out when a row is written.
          taken := true;
      end;
      if not taken then
        states := states || state;
        words := words || public.job_queue_status(state);
      end if;
    end loop;
    if cardinality(states) > 0 then
      because := hurdle.name;
      return next;
    end if;
  end loop;
end
$$;
