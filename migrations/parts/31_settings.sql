-- The words and names given to this migration. All others stay; names are merged with the earlier ones (06_columns).
insert into interlock.job_queue_settings as s (key, value)
select w.key, w.given::jsonb from (values
  ('statuses', current_setting('interlock.statuses')), ('columns', current_setting('interlock.columns'))) as w (key, given)
 where w.given <> ''
on conflict (key) do update set value = s.value || excluded.value, updated_at = clock_timestamp()
  where s.value || excluded.value <> s.value;
