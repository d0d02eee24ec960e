-- job_queue_answer(request_id, queue): the answer to a command in the inbox. Answers are kept for a day.
--   request_id  what job_queue_request or job_queue_submit returned
--   queue       `default` unless given
-- Returns null until the command is decided, then {ok: true, …} with its result, or {ok: false, code, message}. Raises JQ001
-- for an unknown id: nothing was requested under it, or its answer was deleted.
create or replace function public.job_queue_answer(request_id text, queue text default 'default') returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set random_page_cost = 0
set cpu_index_tuple_cost = 0
set cpu_operator_cost = 0.00001
as $$
#variable_conflict use_column
declare
  answer jsonb;
begin
  select i.answer into answer from public.job_queue_inbox i where i.queue = $2 and i.request_id = $1;
  if not found then
    raise exception using errcode = 'JQ001', message = format('there is no request %s in queue %s', $1, $2);
  end if;
  return answer;
end
$$;
