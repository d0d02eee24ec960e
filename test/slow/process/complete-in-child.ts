/**
 * A worker process whose handlers end their jobs in transactions of their own: `node complete-in-child.ts <url>`. The first attempt of job n
 * stops before statement n mod 6, after the last one too, and says so; the process is then killed. Other attempts run through.
 */
import pg from 'pg'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { fromPg } from '../../../src/engine/transaction/index.ts'
import { createJobWorker, type Handler } from '../../../src/engine/worker/index.ts'

const url = process.argv[2] ?? ''
const pool = new pg.Pool({ connectionString: url, max: 60 })
pool.on('error', () => {})

const run: Handler = async ({ jobId, attempt }, { completeIn, fence }) => {
  const client = await pool.connect()
  const gate = attempt === 1 ? Number(jobId) % 6 : null
  const steps = [
    () => client.query('begin'),
    () => client.query('insert into effects (job_id, fence) values ($1, $2)', [jobId, fence]),
    () => client.query('update totals set effects = effects + 1 where job_id = $1', [jobId]),
    () => completeIn(fromPg(client), { fence }),
    () => client.query('commit'),
  ]
  try {
    for (const [n, step] of steps.entries()) {
      if (n === gate) await stopped()
      await step()
    }
    if (gate === steps.length) await stopped()
  } finally {
    client.release()
  }
}

async function stopped(): Promise<never> {
  process.send?.('stopped')
  return new Promise<never>(() => {})
}

const store = postgresStore(url)
const coordinator = await createCoordinator({
  store,
  leaseMs: 60_000,
  graceMs: 0,
  pollMs: 300,
  logger: silentLogger,
})
createJobWorker({ coordinator, concurrency: 60, retry: () => 0, handlers: { '*': run } }).start()
process.send?.('ready')
