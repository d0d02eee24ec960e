/**
 * What a front end notices of workers: `node bench/supabase/front-end.ts [workers] [milliseconds per job]`. A client reads a row of
 * a table of its own through the same API (a pool of 10 connections, as PostgREST's), 20 times a second: while workers are joined
 * and idle, and while they drain the queue, by turns. The front end is a process of
 * its own, and so are the workers together, with a low priority, since they would be on other machines.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCoordinator } from '../../src/index.ts'
import { percentile, silent, startBenchProject } from './project.ts'

const [workers = 16, jobMs = 1_000] = process.argv.slice(2).map(Number)
const MODELS = 16
const ROUNDS = 6
const SECONDS = 6

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
const jobs = Math.ceil(((workers * 1_000) / jobMs) * ROUNDS * (SECONDS + 5))
await submitter.drain()
await submitter.enqueue(
  Array.from({ length: jobs }, (_, n) => ({ jobId: `job-${n}`, models: [`m${n % MODELS}`] })),
)
const times = { idle: [] as number[], draining: [] as number[] }
let ended = 0
for (let round = 0; round < ROUNDS; round++) {
  // What runs ends.
  await sleep(2 * jobMs + 1_000)
  times.idle.push(...(await read()))
  await submitter.resume()
  await sleep(2_000)
  const begun = submitter.metrics().ended.completed
  times.draining.push(...(await read()))
  ended += submitter.metrics().ended.completed - begun
  await submitter.drain()
}
console.log(
  `${workers} workers, jobs of ${jobMs} ms on average, ${(ended / ROUNDS / SECONDS).toFixed(1)} of them ended a second`,
)
for (const [phase, all] of Object.entries(times)) {
  const [p50, p95] = [percentile(all, 50).toFixed(1), percentile(all, 95).toFixed(1)]
  console.log(`  ${phase}: ${all.length} requests, p50 ${p50} ms, p95 ${p95} ms`)
}
console.log(
  `  p95: ${(percentile(times.draining, 95) / percentile(times.idle, 95)).toFixed(2)} times that of idle`,
)
for (const one of [crew, reader]) one.kill('SIGKILL')
await submitter.close()
await project.close()
process.exit()
