-- The words that this migration was given; those that it was not given stay.
insert into public.job_queue_settings as s (key, value)
select 'statuses', current_setting('interlock.statuses')::jsonb where current_setting('interlock.statuses') <> ''
on conflict (key) do update set value = s.value || excluded.value, updated_at = clock_timestamp()
  where s.value || excluded.value <> s.value;
