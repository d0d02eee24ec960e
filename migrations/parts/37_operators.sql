-- Who acted through a process: the person or role, the machine and what was typed. The log has the id of the process (worker_id) and
-- names nobody, since it is never erased; these rows may be deleted at any time (job_queue_forget_operator). Written once per process
-- of the command line and per lever of the dashboard; a program names itself if it wants to (`operator` of createCoordinator).
-- SELECT o.* FROM job_queue_operators o WHERE o.queue = 'default' AND o.worker_id = '<worker_id of an event>';
create table if not exists interlock.job_queue_operators (
  queue text not null check (length(queue) between 1 and 200),
  worker_id text not null check (length(worker_id) between 1 and 200),
  operator text not null check (length(operator) <= 200),
  host text check (length(host) <= 200),
  command text check (length(command) <= 500),
  noted_at timestamptz not null default clock_timestamp(),
  primary key (queue, worker_id)
);
