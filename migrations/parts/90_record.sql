-- Records this migration. Rows change only if something did, so running it again changes nothing.
insert into public.job_queue_migrations as m (version, checksum)
values {{records}}
on conflict (version) do update set checksum = excluded.checksum, applied_at = excluded.applied_at
  where m.checksum <> excluded.checksum;
-- PostgREST finds the new functions after this; nobody else listens.
notify pgrst, 'reload schema';
commit;
