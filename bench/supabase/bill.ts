/**
 * What a Supabase project is asked for: `node bench/supabase/bill.ts [workers] [milliseconds per job] [models] [delay] [idle] [messages] [rows]`.
 * Jobs with 1 KB of payload and a result, by `enqueue`, or as rows of `jobs` if the last word is `rows`. Workers of one slot each, in this process, each with a client of its own, over a stand-in for Supabase and a new PostgreSQL; every
 * request is counted where it leaves. `delay`: milliseconds that each request takes longer; `idle`: for how many seconds the
 * idle workers are counted, 60; `messages`: `messagesPerSecond` of the store, 6.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { supabaseClient } from '../../src/engine/store/supabase/index.ts'
import { createCoordinator, createJobWorker } from '../../src/index.ts'
import { numberOf, payloadOf, resultOf } from '../peers/tasks.ts'
import { Requests, rounded } from './counted.ts'
import { silent, startBenchProject } from './project.ts'

const [workers = 4, jobMs = 1_000, models = 10, delayMs = 0, idleSeconds = 60, messagesPerSecond = 6] =
  process.argv.slice(2, 8).map(Number)
const asRows = process.argv[8] === 'rows'
const JOBS_PER_WORKER = 60

const requests = new Requests(delayMs)
let messages = 0

const project = await startBenchProject()
const join = async () => createCoordinator({ store: project.store({ messagesPerSecond }), logger: silent })

const submitter = await join()
await submitter.setPolicy('by-model')
const jobs = workers * JOBS_PER_WORKER
const payload = (n: number) => ({ ...payloadOf(n), note: 'x'.repeat(900) })
if (asRows) {
  await project.query('alter table jobs add column payload jsonb')
  const rows = Array.from(
    { length: jobs },
    (_, n) => `('job-${n}', 'm${n % models}', '${JSON.stringify(payload(n))}')`,
  )
  await project.query(`insert into jobs (job_id, model, payload) values ${rows.join(', ')}`)
} else {
  await submitter.enqueue(
    Array.from({ length: jobs }, (_, n) => ({
      jobId: `job-${n}`,
      models: [`m${n % models}`],
      payload: payload(n),
    })),
  )
}
await submitter.close()

const ear = supabaseClient(project.url, project.keys.secret).channel(await project.topicOf('default'), {
  config: { private: true },
})
ear.on('broadcast', { event: 'wake' }, () => messages++)
await new Promise<void>((resolve) => ear.subscribe((status) => status === 'SUBSCRIBED' && resolve()))

const ended = Promise.withResolvers<void>()
let done = 0
const handler = async ({ payload, row }: { readonly payload: unknown; readonly row: unknown }) => {
  // Not all alike, or all workers would end at the same moment for ever.
  await sleep(jobMs * (0.5 + Math.random()))
  if (++done === jobs) ended.resolve()
  return resultOf(numberOf(asRows ? (row as { readonly payload: unknown }).payload : payload))
}
const coordinators = await Promise.all(Array.from({ length: workers }, join))
const all = coordinators.map((coordinator) =>
  createJobWorker({ coordinator, handlers: { normal: handler }, intake: asRows }),
)
await sleep(2_000)
requests.reset()
messages = 0
const begun = performance.now()
for (const worker of all) worker.start()
await ended.promise
await sleep(500)
const perJob = (count: number) => rounded(count / jobs)
const lost = coordinators.reduce((sum, coordinator) => sum + coordinator.health().counts.lost, 0)
console.log(
  `${workers} workers, jobs of ${jobMs} ms on average, ${models} models, ${asRows ? 'as rows of jobs' : 'by enqueue'}, ${delayMs} ms more per request`,
)
console.log(
  `  per job: ${perJob(requests.total)} requests, ${perJob(messages)} messages sent, ${perJob(requests.bytes)} bytes read`,
)
console.log(`  requests: ${requests.perJob(jobs)}; appends lost: ${perJob(lost)}`)
const atBest = (jobs / Math.min(workers, models)) * jobMs
console.log(`  ${Math.round(performance.now() - begun - 500)} ms of ${atBest} at best`)

if (idleSeconds > 0) {
  await sleep(5_000)
  requests.reset()
  await sleep(idleSeconds * 1_000)
  const perMinute = (requests.total / workers / idleSeconds) * 60
  console.log(`  idle: ${Math.round(perMinute * 10) / 10} requests a minute and worker`)
}
for (const worker of all) await worker.drain()
for (const coordinator of coordinators) await coordinator.close()
await project.close()
process.exit()
