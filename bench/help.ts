/** What `npm run bench -- --help` says below the options. */
export const helpText = `
peers: our worker beside graphile-worker, pg-boss and BullMQ, with payloads and results, each set up as it recommends. Each cell
gets a fresh database (or an empty Redis), workers are processes of their own, and a run measures everybody in a row before it
goes on. Rows, by which --only chooses:
  enqueue/one-by-one, enqueue/10-at-once, enqueue/1000-a-call
  enqueue/in-a-transaction             a job (enqueueIn, add_job, send with fromKnex) and a row of the program, by Knex; those that can
  drain/<no-keys, 1-key, 10-keys, 100-keys, 1000-keys>/<1, 2, 4, 16 processes>
  throughput/<1, 4, 16 processes>      no keys, 100 slots, set up for jobs a second: local queue of 200, batches of 50
  in-batch                             no keys, handlers that take 50 jobs a call; those that have such
  burn/<1, 2 processes>                handlers that compute for 20 ms, 10 keys
  wait/<2, 4 processes>                handlers that wait for 20 ms, 4 keys for each slot of all processes
  crowd/4                              a command of a process that does not decide for all, and while the one that does is killed; ours only
  trace/<1, 2, 4 processes>            real requests by their sets of models; left out where the file is missing (INTERLOCK_BENCH_TRACE)
  hand-off/<1, 10, 64 slots>           from the end of a job to the handler of the next on its key
  waiting/<100, 1000, 10000, 100000>   the same, 10 slots, with so many behind it
  pick-up/<1, 10, 64 slots>            from the call that enqueues to the handler, on an idle queue
  commit-to-start                      from the commit of a transaction of the program to the handler, on an idle queue; those that can
  life/<1, 2 processes>                from a row inserted into jobs to its status completed; ours only
  rest                                 memory, processor and calls of a worker with nothing to do
The other queues are installed into bench/node_modules when they are measured first. Redis is used where redis-server is installed (apt-get install redis-server); else its columns say so.

schedule: computed by the core alone. --only real: 300 requests by four worker processes on PostgreSQL whose handlers sleep, also for a load,
50 times as fast as they were, over what is computed. A minute.

growth: what a job of our worker costs with more jobs in line, models, models per job, events in the log, and worker processes, with the
exponent of each; some five minutes.

worker: a line of jobs with payloads and results, emptied through createJobWorker and through the bare API in turns, with and without
keys, 10 and 64 slots: what the worker costs beside what the queue costs anyway. Some half a minute.

slow: 1, 2, 4, 8 and 16 worker processes over a link that delays every byte, at round trips of 0, 100, 300, 800 and 2,400 ms (by which
--only chooses): nobody may do less together than one does alone; and behind PgBouncer in transaction mode (--only pooler), where root can
install it or it is there. Twenty minutes.

storm: 16 niced worker processes with leases of 5 s beside 24 programs that only compute, each stopped (SIGSTOP) again and again for longer
than its lease, the combiner most often; after --minutes all are healed, and starts have to go on within 5 s in every run. The log is
verified at the end. --minutes and one more for each run.

overload: two workers, gate, flows and calls of enqueue, a process each with default settings, beside 20 programs that only compute: every
error with its cause and the load. None may say contention, clock or corruption to a caller whose time was not over. --minutes, ten unless given.

million: 1,000, 100,000 and 1,000,000 jobs in line, on 50 and on 1,000 models (--only 0,100000 chooses by how many): a process enqueues them and
leaves, another joins, is asked for fifty jobs, and works 3,000. A quarter of an hour for each run.

guard: under a minute; what a job and a hand-off of our worker take, in bare appends of the same run. Fails when that is more than
twice what bench/guard/baseline.json says.

  npm run bench -- peers --quick                                     a minute: does it work?
  npm run bench -- peers --only drain/10-keys,hand-off --runs 1
  npm run bench -- peers --peers interlock,graphile-worker --only drain --json drain.json
  npm run bench -- storm --minutes 1.5 --runs 2 --json storm.json
  npm run bench -- peers --server 15 --only hand-off
`
