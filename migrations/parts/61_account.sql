-- What stands in the way of the user's tables, or means something: a person who runs this is told here, a program that runs it
-- finds it in interlock.found. Nothing of it stops the migration: Interlock works without these tables.
do $account$
declare
  item record;
begin
  for item in select a.what, a.remedy from jsonb_to_recordset(public.job_queue_account()) as a (what text, remedy text) loop
    raise warning using message = item.what, hint = item.remedy;
  end loop;
  perform set_config('interlock.found', public.job_queue_account()::text, true);
end
$account$;
