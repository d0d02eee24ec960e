import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { migratedDatabase } from '../contract/support.ts'
import { keepingLogger } from './support.ts'

/** Appends an event as something else than this release would, and tells everybody. */
async function appendForeign(url: string, event: string, data: object): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      `with head as (
         update interlock.job_queue_heads set version = version + 1, last_at = clock_timestamp() where queue = 'default'
         returning version, last_at)
       insert into job_queue_log (seq, created_at, queue, command_id, command_hash, event_type, schema_version, job_id, data)
       select version, last_at, 'default', 'foreign', 1, $1, $2, 'nobody', $3 from head`,
      [event, event === 'due' ? 99 : 1, data],
    )
    await client.query(
      "select pg_notify('interlock', 'default:' || (select version from interlock.job_queue_heads))",
    )
  } finally {
    await client.end()
  }
}

describe.each([
  ['an event that this release does not know', 'teleported', 'unknown_event'],
  ['an event in the shape of a later release', 'due', 'unknown_event'],
  ['an event that cannot have happened', 'cancelled', 'corrupt_log'],
])('after %s', (_, event, code) => {
  it('a process stops: what it runs is over, it holds no lease, and says so once', async () => {
    const url = await migratedDatabase()
    const store = postgresStore(url)
    const logger = keepingLogger()
    const coordinator = await createCoordinator({ store, logger, leaseMs: 1_500, graceMs: 100, pollMs: 50 })
    const stops: string[] = []
    coordinator.stopped$.subscribe((error) => stops.push(error.code))
    let running = 0
    const handle = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        running++
        signal.addEventListener('abort', () => {
          running--
          resolve()
        })
      })
    const worker = createJobWorker({ coordinator, handlers: { '*': (_job, { signal }) => handle(signal) } })
    onTestFinished(async () => {
      await worker.drain({ timeoutMs: 0 })
      await coordinator.close()
      await store.close()
    })
    worker.start()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    await expect.poll(() => running).toBe(1)
    await appendForeign(url, event, {})

    await expect.poll(() => stops).toEqual([code])
    await expect.poll(() => running).toBe(0)
    await expect(coordinator.enqueue([{ jobId: 'b', models: ['m'] }])).rejects.toMatchObject({ code })
    expect(coordinator.health()).toMatchObject({ ok: false, leaseLost: true })
    // Others may have the job as soon as the lease has run out: no beat keeps it.
    const states = async () => (await store.workers('default')).map(({ state }) => state)
    await expect.poll(states, { timeout: 10_000 }).toEqual(['dead'])
    // Nobody's tokens are void by it.
    const { rows } = await onClient(url, "select from job_queue_log where event_type = 'epoch_changed'")
    expect(rows).toEqual([])
    expect(await worker.drain({ timeoutMs: 0 })).toEqual({ finished: 0, givenBack: 0 })
    expect(logger.lines.filter((line) => line.includes('event 3 '))).toHaveLength(2)
  })
})

async function onClient(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}
