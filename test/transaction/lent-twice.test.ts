/** A submission is lent for 2 s. When an append takes longer, a second process takes it too: it has one outcome all the same. */
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import type { Coordinator } from '../../src/engine/coordinator/index.ts'
import { auditLog } from '../../src/tools/audit/index.ts'
import { type Account, account } from '../intake/support.ts'

const ROUNDS = 3
const PER_ROUND = 4

/** Both write all the time, so that one carries out what the other publishes. */
function keepWriting(processes: readonly Coordinator[], round: number) {
  let isOver = false
  const write = async (process: Coordinator, nth: number) => {
    for (let n = 0; !isOver; n++) {
      const job = { jobId: `${round}-${nth}-${n}`, models: ['m'], runAt: new Date('2200-01-01T00:00:00Z') }
      await process.enqueue([job]).catch(() => {})
    }
  }
  const all = processes.map(write)
  const stop = async () => {
    isOver = true
    await Promise.all(all)
  }
  onTestFinished(stop)
  return stop
}

const jobsOf = (round: number) =>
  Array.from({ length: PER_ROUND }, (_, n) => ({
    ...{ job_id: `${round}.${n}`, models: ['m'], payload: n },
    dedupe: { key: `of ${round}`, while: 'waiting', debounce: { delay: '1h', max_delay: '2h' } },
  }))

/** All that is submitted is lent, after this time. Asks for it, in case a message was too early. */
async function lent(db: Account, after: unknown): Promise<unknown> {
  let until: unknown
  await expect
    .poll(
      async () => {
        await db.query("notify interlock, 'intake'")
        until = await db.value(
          'select min(coalesce(taken_until, to_timestamp(0))) from job_queue_submissions',
        )
        return db.value('select $1::timestamptz > $2::timestamptz', [until, after])
      },
      { timeout: 30_000 },
    )
    .toBe(true)
  return until
}

it('puts its job in line once, and the newest payload stays, while the lock of the queue is held for longer than that', async () => {
  const db = await account()
  const other = new pg.Client(db.url)
  await other.connect()
  onTestFinished(() => other.end())
  for (let round = 0; round < ROUNDS; round++) {
    const processes = [await db.coordinator(), await db.coordinator()]
    const stop = keepWriting(processes, round)
    await other.query('begin')
    await other.query('select from job_queue_heads for update')
    await db.query('select job_queue_enqueue_in($1)', [JSON.stringify(jobsOf(round))])
    const first = await lent(db, '2000-01-01')
    await lent(db, first)
    await other.query('commit')
    await expect
      .poll(() => db.value('select count(*)::int from job_queue_submissions'), { timeout: 30_000 })
      .toBe(0)
    await stop()
    for (const process of processes) await process.close()
  }
  const events = await db.log()
  const outcomes = events.flatMap((event) =>
    event.type === 'queued' || event.type === 'deduplicated' ? [event.submission ?? []].flat() : [],
  )
  expect(outcomes).toEqual(Array.from({ length: ROUNDS * PER_ROUND }, (_, n) => n + 1))
  const payloads = await db.query(
    'select payload from job_queue_data where payload is not null order by job_id',
  )
  expect(payloads).toEqual(Array.from({ length: ROUNDS }, () => ({ payload: PER_ROUND - 1 })))
  expect(await auditLog({ store: db.store() })).toMatchObject({ violations: [] })
})
