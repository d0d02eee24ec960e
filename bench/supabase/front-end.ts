/**
 * What a front end notices of workers: `node bench/supabase/front-end.ts [workers] [milliseconds per job]`. A client reads a row of
 * a table of its own through the same API (a pool of 10 connections, as PostgREST's), 20 times a second: while workers are joined
 * and idle, and while they drain the queue. The front end is a process of
 * its own, and so are the workers together, with a low priority, since they would be on other machines.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCoordinator } from '../../src/index.ts'
import { percentile, silent, startBenchProject } from './project.ts'

const [workers = 16, jobMs = 1_000] = process.argv.slice(2).map(Number)
const MODELS = 16
const SECONDS = 20

const project = await startBenchProject()
await project.query(
  'create table public.notes as select n as id, md5(n::text) as body from generate_series(1, 1000) n',
)
await project.query('grant select on public.notes to service_role')
const child = (script: string, ...args: readonly string[]) =>
  fork(new URL(script, import.meta.url), [project.url, project.keys.secret, ...args])

const submitter = await createCoordinator({ store: project.store(), logger: silent })
await submitter.setPolicy('by-model')
const crew = child('./front-end-workers.ts', String(workers), String(jobMs))
await once(crew, 'message')
const reader = child('./front-end-reader.ts', String(SECONDS))
/** Milliseconds of each request. */
const read = async () => {
  reader.send('read')
  const [times] = await once(reader, 'message')
  return times as number[]
}
await once(reader, 'message')
await sleep(3_000)
const idle = await read()
const jobs = Math.ceil(((workers * 1_000) / jobMs) * (SECONDS + 15))
await submitter.enqueue(
  Array.from({ length: jobs }, (_, n) => ({ jobId: `job-${n}`, models: [`m${n % MODELS}`] })),
)
await submitter.close()
await sleep(5_000)
const store = project.store()
const versionNow = async () => (await store.read('default', 0, 1)).version
const begun = await versionNow()
const drained = await read()
// Each end is two events: the end, and the next start.
const ended = ((await versionNow()) - begun) / 2 / SECONDS
const line = (what: string, times: readonly number[]) =>
  console.log(
    `  ${what}: ${times.length} requests, p50 ${percentile(times, 50).toFixed(1)} ms, p95 ${percentile(times, 95).toFixed(1)} ms`,
  )
console.log(`${workers} workers, jobs of ${jobMs} ms on average, ${ended.toFixed(1)} of them ended a second`)
line('idle', idle)
line('draining', drained)
console.log(`  p95: ${(percentile(drained, 95) / percentile(idle, 95)).toFixed(2)} times that of idle`)
for (const one of [crew, reader]) one.kill('SIGKILL')
await store.close()
await project.close()
process.exit()
