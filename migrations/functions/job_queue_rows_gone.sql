-- job_queue_rows_gone(target, key_column, job_ids): forgets that rows with these ids belonged to no job (job_queue_unlinked),
-- once no such row is left. Internal; called by the triggers on the user's tables.
-- Returns nothing, raises nothing.
create or replace function public.job_queue_rows_gone(target text, key_column text, job_ids text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  noted text[];
  there oid := to_regclass('public.' || target);
  key record;
  left_over text[] := '{}';
begin
  if to_regclass('public.job_queue_unlinked') is null then
    return;
  end if;
  noted := array(select u.job_id from public.job_queue_unlinked u where u.target = $1 and u.job_id = any ($3));
  if cardinality(noted) = 0 then
    return;
  end if;
  select format_type(a.atttypid, null) as type, exists (
           select from pg_index i
            where i.indrelid = there and i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null
              and i.indkey[0] = a.attnum) as is_unique
    into key
    from pg_attribute a where a.attrelid = there and a.attname = key_column and not a.attisdropped;
  -- If one id may have several rows, another one may be left. If row level security hides rows, that is unknown.
  if key.is_unique is not true then
    if key is null or row_security_active(there) then
      return;
    end if;
    execute format('select coalesce(array_agg(t.%1$I::text), %4$L) from public.%2$I t where t.%1$I = any ($1::%3$s[])',
      key_column, target, key.type, '{}') into left_over using noted;
  end if;
  delete from public.job_queue_unlinked u
   where u.target = $1 and u.job_id = any (noted) and u.job_id <> all (left_over);
end
$$;
