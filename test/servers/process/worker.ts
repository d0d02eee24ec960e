/**
 * A worker process of its own, for tests that end it in ways that only processes know: `node worker.ts <order as JSON>`.
 * Its handlers do what the payload says, and write down in the table `runs` when they ran.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createCoordinator, silentLogger, stderrLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker, type HandlerContext, inBatch, type Job } from '../../../src/engine/worker/index.ts'
import { createWorkflowManager, type RunStep } from '../../../src/engine/workflow/index.ts'

export interface Order {
  readonly url: string
  readonly schema?: string
  readonly concurrency: number
  readonly leaseMs: number
  readonly graceMs: number
  readonly pollMs: number
  readonly intake?: boolean
  /** So many jobs at once are one call of their handler. */
  readonly batch?: number
  readonly serves?: readonly string[]
  readonly keeps?: number
  readonly verbose?: boolean
}

/** What a job is to do here. */
export interface Behaviour {
  /** How long it works, in milliseconds. */
  readonly ms?: number
  /** How long it computes before that, without a pause. */
  readonly burnMs?: number
  /**
   * `die`: kills its own process. `hang`: never ends, whatever it is told. `look_up`: asks its provider by checkpoint.
   * `detach`: goes on elsewhere, until `ms` from now or for a minute. `until_told`: works until its job is in the table `told`. */
  readonly act?: 'die' | 'hang' | 'look_up' | 'detach' | 'until_told'
}

const order = JSON.parse(process.argv[2] ?? '') as Order
const { url, schema, leaseMs, graceMs, pollMs, concurrency, intake = false, batch, serves, keeps } = order
const pool = new pg.Pool({ connectionString: url, max: 4 })
// Connections that a killed server leaves behind: the next query says what is wrong.
pool.on('error', () => {})

function burn(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** @param call names the call of the handler: a batch is one */
async function run(job: Job, context: HandlerContext, call: string = context.fence): Promise<unknown> {
  const { ms = 0, burnMs = 0, act } = (job.payload ?? {}) as Behaviour
  burn(burnMs)
  const place = [job.jobId, context.fencingToken, process.pid]
  await pool.query(
    'insert into runs (job_id, token, pid, models, places, call) values ($1, $2, $3, $4, $5, $6)',
    [...place, job.models, job.places, call],
  )
  if (act === 'die') process.kill(process.pid, 'SIGKILL')
  if (act === 'detach') {
    await context.detach({ until: new Date(coordinator.now() / 1_000 + (ms || 60_000)) })
    return
  }
  if (act === 'hang') await new Promise(() => {})
  if (act === 'look_up' && job.checkpoint !== null) return { found: job.checkpoint }
  if (act === 'look_up') await context.checkpoint({ externalId: `run-${job.jobId}` })
  if (act === 'until_told') await told(job.jobId)
  await sleep(ms, undefined, { signal: context.signal })
  await pool.query(
    'update runs set ended_at = clock_timestamp() where job_id = $1 and token = $2 and pid = $3',
    place,
  )
  return { by: process.pid }
}

async function told(jobId: string): Promise<void> {
  while ((await pool.query('select from told where job_id = $1', [jobId])).rowCount === 0) await sleep(20)
}

/** A step writes down that it began and that it ended, and works for as long as it says. */
const runStep: RunStep = async (step, { executionId, index, lease, signal }) => {
  const place = [executionId, index, lease?.fencingToken, process.pid]
  const models = typeof step.default_model === 'string' ? [step.default_model] : []
  await pool.query('insert into steps (execution_id, step, token, pid, models) values ($1, $2, $3, $4, $5)', [
    ...place,
    models,
  ])
  await sleep(Number(step['ms']), undefined, { signal })
  await pool.query(
    'update steps set ended_at = clock_timestamp() where execution_id = $1 and step = $2 and token = $3 and pid = $4',
    place,
  )
  return lease?.fencingToken
}

const together = inBatch({ size: batch ?? 1 }, async (jobs: readonly Job[], context) => {
  const ends = jobs.map(async (job) => {
    const call = context.of(jobs[0] ?? job).fence
    return [job.jobId, await run(job, context.of(job), call).catch((error: Error) => error)] as const
  })
  return new Map(await Promise.all(ends))
})

const store = postgresStore(url, schema === undefined ? {} : { schema })
const logger = order.verbose === true ? stderrLogger : silentLogger
const coordinator = await createCoordinator({ store, leaseMs, graceMs, pollMs, logger })
const worker = createJobWorker({
  coordinator,
  concurrency,
  intake,
  ...(serves && { serves }),
  ...(keeps !== undefined && { keeps }),
  stopMs: 100,
  retry: { baseMs: 50 },
  handlers: {
    '*': batch === undefined ? (job, context) => run(job, context) : together,
    workflow: createWorkflowManager({ coordinator, runStep }).handler,
  },
})
worker.start()
const tell = () => process.send?.({ workerId: coordinator.workerId })
coordinator.leaseLost$.subscribe(tell)
tell()

let asked = 0
const drain = async () => {
  // The second signal does not wait.
  if (++asked > 1) return void (await worker.drain({ timeoutMs: 0, stopMs: 0 }))
  await worker.drain()
  await coordinator.close()
  await store.close()
  await pool.end()
  process.disconnect?.()
}
process.on('SIGTERM', () => void drain())
process.once('disconnect', () => process.exit())
