-- job_queue_answer_requests(queue, answers): answers commands in the inbox. The first answer to a command counts. Also deletes
-- answers older than a day.
--   answers  [{request_id, answer}, …]; answer: {ok: true, …} or {ok: false, code, message}; null: it could not be decided now,
--            so others may decide it
-- One NOTIFY on channel interlock_answers with the name of the queue, unless the setting interlock.notify is 'off'.
-- Returns how many this call answered. Raises nothing.
create or replace function public.job_queue_answer_requests(queue text, answers jsonb) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  answered integer;
begin
  update public.job_queue_inbox i set answer = a.answer, answered_at = clock_timestamp()
    from jsonb_to_recordset(answers) as a (request_id text, answer jsonb)
   where i.queue = $1 and i.request_id = a.request_id and i.answered_at is null and a.answer is not null;
  get diagnostics answered = row_count;
  -- Wakes no process: that would also wake the one that gives the request back.
  update public.job_queue_inbox i set taken_until = null
    from jsonb_to_recordset(answers) as a (request_id text, answer jsonb)
   where i.queue = $1 and i.request_id = a.request_id and i.answered_at is null and a.answer is null;
  if answered > 0 and current_setting('interlock.notify', true) is distinct from 'off' then
    perform pg_notify('interlock_answers', $1);
  end if;
  delete from public.job_queue_inbox i
   where i.queue = $1 and i.answered_at < clock_timestamp() - interval '1 day';
  return answered;
end
$$;
