/**
 * What a Supabase project is asked for when jobs arrive at workers that are idle: `node bench/supabase/arrivals.ts [workers] [rows | calls] [jobs at once]`.
 * 36 jobs of 1 s on 10 models, some of them every 2.5 s, as rows of `jobs` or by `enqueue`. Workers of one slot each, in this process, each with
 * a client of its own, over a stand-in for Supabase and a new PostgreSQL; every request is counted where it leaves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createCoordinator, createJobWorker } from '../../src/index.ts'
import { payloadOf } from '../peers/tasks.ts'
import { Requests, rounded } from './counted.ts'
import { percentile, silent, startBenchProject } from './project.ts'

const [workers = 16, atOnce = 1] = [process.argv[2], process.argv[4]].map((given) => given && Number(given))
const asRows = process.argv[3] !== 'calls'
const JOBS = 36
const EVERY_MS = 2_500
const JOB_MS = 1_000

const requests = new Requests(0)
const project = await startBenchProject()
const join = () => createCoordinator({ store: project.store(), logger: silent })
const submitter = await join()
await submitter.setPolicy('by-model')

const arrived = new Map<string, number>()
const waits: number[] = []
const ended = Promise.withResolvers<void>()
let done = 0
const handler = async ({ jobId }: { readonly jobId: string }) => {
  waits.push(performance.now() - (arrived.get(jobId) ?? 0))
  await sleep(JOB_MS)
  if (++done === JOBS) ended.resolve()
}
const coordinators = await Promise.all(Array.from({ length: Number(workers) }, join))
const all = coordinators.map((coordinator) =>
  createJobWorker({ coordinator, handlers: { normal: handler }, intake: asRows }),
)
for (const worker of all) worker.start()
// Their first looks are over, and what runs once for each process.
await sleep(10_000)
requests.reset()
const begun = performance.now()
for (let n = 0; n < JOBS; n += Number(atOnce)) {
  const jobs = Array.from({ length: Math.min(Number(atOnce), JOBS - n) }, (_, k) => n + k)
  for (const job of jobs) arrived.set(`job-${job}`, performance.now())
  if (asRows) {
    const rows = jobs.map((job) => `('job-${job}', 'm${job % 10}')`)
    await project.query(`insert into jobs (job_id, model) values ${rows.join(', ')}`)
  } else {
    const inputs = jobs.map((job) => ({
      ...{ jobId: `job-${job}`, models: [`m${job % 10}`], payload: payloadOf(job) },
    }))
    await submitter.enqueue(inputs)
  }
  await sleep(EVERY_MS)
}
await ended.promise
// A process without a job sends 10 heartbeats a minute, whatever arrives.
const beats = ((performance.now() - begun) / 60_000) * 10 * (Number(workers) + 1)
console.log(`${workers} idle workers, ${atOnce} job at a time ${asRows ? 'as rows of jobs' : 'by enqueue'}`)
console.log(
  `  per job: ${rounded(requests.total / JOBS)} requests, some ${rounded(beats / JOBS)} of them heartbeats`,
)
console.log(`  requests: ${requests.perJob(JOBS)}`)
console.log(
  `  until its handler began: ${Math.round(percentile(waits, 50))} ms, p95 ${Math.round(percentile(waits, 95))} ms`,
)
for (const worker of all) await worker.drain()
for (const coordinator of [...coordinators, submitter]) await coordinator.close()
await project.close()
process.exit()
