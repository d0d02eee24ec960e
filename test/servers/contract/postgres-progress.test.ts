/** Who follows the progress of a job is told by the server, and asks it once (job_queue_watch, job_queue_note). */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { atEnd } from '../../support/this-test.ts'
import { connection, migratedDatabase } from './support.ts'

const HOUR = 3_600_000

async function process(url: string, options = '') {
  const inner = postgresStore({ connectionString: url, ...(options === '' ? {} : { options }) })
  /** What a look finds is not shown: notes can only be told. */
  const seen = { byLooks: true }
  const store: LogStore = {
    ...inner,
    watch: async (queue, jobIds, ms) => {
      const answer = await inner.watch(queue, jobIds, ms)
      return seen.byLooks ? answer : { ...answer, notes: [] }
    },
  }
  const coordinator = await createCoordinator({ store, logger: silentLogger, pollMs: HOUR, leaseMs: HOUR })
  atEnd(async () => {
    await coordinator.close()
    await inner.close()
  })
  return { coordinator, store, seen }
}

it('is told of each note in another process, in order, also of one that is too long for a message', async () => {
  const url = await migratedDatabase()
  const [asks, works] = [await process(url), await process(url)]
  await works.coordinator.enqueue([{ jobId: 'it\'s "a"', models: ['m'] }])
  const [attempt] = await works.coordinator.claim({ max: 1, kinds: null })
  if (attempt === undefined) throw new Error('nothing starts')
  const { lease } = attempt
  await asks.coordinator.catchUp()
  const told: unknown[] = []
  const follow = () => asks.coordinator.progress$(lease.jobId).subscribe((progress) => told.push(progress))
  for (let n = 0; n < 3; n++) follow()
  const db = await connection(url)
  const watched = () => db.query('select 1 from interlock.job_queue_watched').then(({ rows }) => rows.length)
  await expect.poll(watched).toBe(1)
  asks.seen.byLooks = false
  await works.coordinator.note(lease, { progress: { at: 'ü' } })
  await expect.poll(() => told).toEqual(Array.from({ length: 3 }, () => ({ at: 'ü' })))
  asks.seen.byLooks = true
  const long = { text: 'x'.repeat(20_000) }
  await works.coordinator.note(lease, { progress: long })
  await expect.poll(() => told.slice(3)).toEqual([long, long, long])
  // A checkpoint is nobody's progress.
  await works.coordinator.note(lease, { checkpoint: 1 })
  await works.coordinator.complete(lease)
  expect(told).toHaveLength(6)
})

it('is not told where notifications are off, and then looks for all that it follows; notes expire with who follows (job_queue_watch)', async () => {
  const url = await migratedDatabase()
  const { store } = await process(url, '-c interlock.notify=off')
  expect(await store.watch('default', ['a'], 1_000)).toEqual({ isAnnounced: false, notes: [] })
  const db = await connection(url)
  const watch = (address: string | null, ms: number) =>
    db.query('select job_queue_watch($1, $2, $3, $4) as said', ['default', ['a', 'b', 'a'], address, ms])
  const address = `interlock_${'0'.repeat(24)}`
  expect((await watch(address, 60_000)).rows).toEqual([{ said: { is_announced: true, notes: [] } }])
  expect((await watch(null, 60_000)).rows).toEqual([{ said: { is_announced: false, notes: [] } }])
  await db.query("update interlock.job_queue_watched set until = now() - interval '1 s' where job_id = 'a'")
  await watch(`interlock_${'1'.repeat(24)}`, 60_000)
  const left = await db.query(
    'select job_id, right(address, 1) as by from interlock.job_queue_watched order by 1, 2',
  )
  expect(left.rows).toEqual([
    { job_id: 'a', by: '1' },
    { job_id: 'b', by: '0' },
    { job_id: 'b', by: '1' },
  ])
  for (const [wrong, ms] of [
    ['interlock', 1_000],
    [address, 0],
  ] as const)
    await expect(watch(wrong, ms)).rejects.toMatchObject({ code: 'JQ001' })
})
