-- job_queue_row_fields(): the expression that reads from a row `t` of `jobs` what it says of its job. Internal; part of the
-- statements of job_queue_arrived_rows and job_queue_adoptable.
-- A row may hold a million names, or megabytes in a text. So no more is read than shows that it is too much: 101 models, and 201
-- characters of each text.
-- Returns the text of the expression, which gives {models, priority, job_type, kind, fair_key}: models from required_models, else
-- [model], else []; [[]] for a list of lists; null for a column that the table does not have. Raises nothing.
create or replace function public.job_queue_row_fields() returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  fields jsonb;
begin
  select coalesce(jsonb_object_agg(n.key, format('t.%I', a.attname)), '{}') into fields
    from jsonb_each_text(public.job_queue_columns('jobs')) as n
    join pg_attribute a on a.attrelid = to_regclass('public.jobs') and a.attname = n.value and a.attnum > 0 and not a.attisdropped;
  return format($sql$
    jsonb_build_object('models', coalesce(
        case when array_ndims(%1$s) > 1 then '[[]]' when %1$s is not null then to_jsonb(array(select left(unnest(%1$s), 201) limit 101)) end,
        case when %2$s is not null then to_jsonb(array[left(%2$s::text, 201)]) end, '[]'),
      'priority', %3$s, 'job_type', left(%4$s::text, 201), 'kind', left(%5$s::text, 201), 'fair_key', left(%6$s::text, 201))
    $sql$, coalesce(fields ->> 'required_models', 'null::text[]'), coalesce(fields ->> 'model', 'null'),
    coalesce(fields ->> 'priority', 'null'), coalesce(fields ->> 'job_type', 'null'), coalesce(fields ->> 'kind', 'null'),
    coalesce(fields ->> 'user_id', 'null'));
end
$$;
