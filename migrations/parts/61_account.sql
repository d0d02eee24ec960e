-- Reports what is in the way in the user's tables, or may be a mistake: to a person as notices, to a program in interlock.found.
-- It never stops the migration, since Interlock works without these tables.
do $account$
declare
  item record;
begin
  for item in select a.what, a.remedy from jsonb_to_recordset(interlock.job_queue_account()) as a (what text, remedy text) loop
    raise warning using message = item.what, hint = item.remedy;
  end loop;
  perform set_config('interlock.found', interlock.job_queue_account()::text, true);
end
$account$;
