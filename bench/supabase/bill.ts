/**
 * What a Supabase project is asked for: `node bench/supabase/bill.ts [workers] [milliseconds per job] [models] [delay]`. Workers
 * of one slot each, in this process, each with a client of its own, over a local Supabase and a new PostgreSQL; every request is
 * counted where it leaves. `delay`: milliseconds that each request takes longer.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { projectStore, supabaseClient } from '../../src/adapter/supabase/index.ts'
import { postgresDatabase, startLocalSupabase } from '../../src/dev/index.ts'
import { createCoordinator, createJobWorker } from '../../src/index.ts'
import { migrationScript } from '../../src/migrate/index.ts'
import { startPostgres } from '../../test/support/postgres.ts'

const [workers = 4, jobMs = 1_000, models = 10, delayMs = 0] = process.argv.slice(2).map(Number)
const JOBS_PER_WORKER = 30
const IDLE_MS = 60_000
const logger = { info: () => {}, warn: console.error, error: console.error }

const counts = { requests: 0, bytes: 0, messages: 0 }
const send = globalThis.fetch
globalThis.fetch = async (input, init) => {
  counts.requests++
  await sleep(delayMs)
  const response = await send(input, init)
  counts.bytes += (await response.clone().arrayBuffer()).byteLength
  return response
}

const server = await startPostgres({ fsync: true })
const db = await postgresDatabase(server.url)
const local = await startLocalSupabase({ db })
await db.exec(migrationScript())
const join = async () => createCoordinator({ store: projectStore(local.url, local.keys.secret), logger })

const submitter = await join()
await submitter.setPolicy('by-model')
const jobs = workers * JOBS_PER_WORKER
await submitter.enqueue(
  Array.from({ length: jobs }, (_, n) => ({ jobId: `job-${n}`, models: [`m${n % models}`] })),
)
await submitter.close()

const ear = supabaseClient(local.url, local.keys.secret).channel('interlock:default', {
  config: { private: true },
})
ear.on('broadcast', { event: 'wake' }, () => counts.messages++)
await new Promise<void>((resolve) => ear.subscribe((status) => status === 'SUBSCRIBED' && resolve()))

const ended = Promise.withResolvers<void>()
let done = 0
const handler = async () => {
  // Not all alike, or all workers would end at the same moment for ever.
  await sleep(jobMs * (0.5 + Math.random()))
  if (++done === jobs) ended.resolve()
}
const coordinators = await Promise.all(Array.from({ length: workers }, join))
const all = coordinators.map((coordinator) => createJobWorker({ coordinator, handlers: { normal: handler } }))
await sleep(2_000)
const before = { ...counts }
const begun = performance.now()
for (const worker of all) worker.start()
await ended.promise
await sleep(500)
const perJob = (name: keyof typeof counts) => Math.round(((counts[name] - before[name]) / jobs) * 100) / 100
const lost = coordinators.reduce((sum, coordinator) => sum + coordinator.health().counts.lost, 0)
console.log(
  `${workers} workers, jobs of ${jobMs} ms on average, ${models} models, ${delayMs} ms more per request`,
)
console.log(
  `  per job: ${perJob('requests')} requests, ${perJob('messages')} messages sent, ${perJob('bytes')} bytes read`,
)
console.log(
  `  ${lost} appends lost; ${Math.round(performance.now() - begun - 500)} ms of ${(jobs / Math.min(workers, models)) * jobMs} at best`,
)

await sleep(5_000)
const idle = counts.requests
await sleep(IDLE_MS)
console.log(`  idle: ${(counts.requests - idle) / workers} requests a minute and worker`)
for (const worker of all) await worker.drain()
for (const coordinator of coordinators) await coordinator.close()
await local.close()
await server.remove()
process.exit()
