-- Records this migration. The row changes only if the checksum did, so running it again changes nothing.
insert into public.job_queue_migrations as m (version, checksum)
values {{records}}
on conflict (version) do update set checksum = excluded.checksum, applied_at = excluded.applied_at
  where m.checksum <> excluded.checksum;
-- Makes PostgREST find the new functions. No other program listens to this.
notify pgrst, 'reload schema';
commit;
