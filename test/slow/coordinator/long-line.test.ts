// Slow: writes down a line of many thousands in chunks.
import { expect, it, onTestFinished } from 'vitest'
import { byModel } from '../../../bench/core/line.ts'
import { CoreQueue, plainSpec } from '../../../bench/core-queue.ts'
import { endAt, insertEvents } from '../../../bench/replay/load.ts'
import { keepSnapshot, ledgerNear } from '../../../src/engine/coordinator/replica/snapshots.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { connection, migratedDatabase } from '../../servers/contract/support.ts'
import { join } from '../../servers/coordinator/support.ts'
import { contentsOf } from '../../support/contents.ts'

const WAITING = 20_000
const CHUNK = 30_000
const ignore = () => {}

/** A queue in which so many jobs wait. */
async function longLine() {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  onTestFinished(() => store.close())
  await store.open('default')
  const owner = await connection(url)
  const queue = new CoreQueue()
  await insertEvents(owner, 'default', queue.setPolicy(byModel))
  for (let from = 0; from < WAITING; from += 2_000) {
    const specs = Array.from({ length: 2_000 }, (_, n) => plainSpec(`job-${from + n}`, [`m${n % 50}`]))
    await insertEvents(owner, 'default', queue.send({ type: 'enqueue', specs }).events)
  }
  const { ledger } = queue
  await endAt(owner, 'default', ledger.version)
  const value = async (sql: string) => Object.values((await owner.query(sql)).rows[0] ?? {})[0]
  return {
    store,
    owner,
    ledger,
    value,
    makers: () => value('select count(distinct maker)::int from interlock.job_queue_snapshot_chunks'),
  }
}

/** How often others in this process got their turn while something was under way. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isOver = false
  const next = () => {
    turns++
    if (!isOver) setImmediate(next)
  }
  setImmediate(next)
  await work()
  isOver = true
  return turns
}

it('a long line is written down in chunks and slices, by one of two at once, read back, started from and cut at', async () => {
  const { store, owner, ledger, value, makers } = await longLine()
  const seq = ledger.version

  // Killed in the middle: nobody sees anything of it.
  let written = 0
  const dying: LogStore = {
    ...store,
    putChunk: async (queue, chunk) => {
      if (written++ === 5) throw new InterlockError('store_unavailable', 'killed')
      return store.putChunk(queue, chunk)
    },
  }
  await expect(keepSnapshot(dying, 'default', ledger, { chunk: CHUNK })).rejects.toThrow('killed')
  expect(await store.snapshot('default', null)).toBeNull()
  expect(await makers()).toBe(1)

  const both: boolean[] = []
  const turns = await turnsDuring(async () => {
    const keep = () => keepSnapshot(store, 'default', ledger, { chunk: CHUNK })
    both.push(...(await Promise.all([keep(), keep()])))
  })
  expect(both.toSorted()).toEqual([false, true])
  expect(turns).toBeGreaterThan(20)
  expect(await value('select max(octet_length(body)) from interlock.job_queue_snapshot_chunks')).toBeLessThan(
    2 * CHUNK,
  )
  // What was left half-done is taken for somebody's who is still at it, for 10 minutes.
  expect(await makers()).toBe(2)
  await owner.query(
    `update interlock.job_queue_snapshot_chunks set written_at = written_at - interval '11 minutes'`,
  )
  await owner.query(`select job_queue_put_snapshot_chunk('default', 1, 'next', 0, '[]')`)
  expect(await makers()).toBe(2)
  expect(
    await value(`select count(*)::int from interlock.job_queue_snapshot_chunks where maker = 'next'`),
  ).toBe(1)

  expect(await turnsDuring(() => ledgerNear(store, 'default', null, ignore))).toBeGreaterThan(10)
  const near = await ledgerNear(store, 'default', null, ignore)
  expect(contentsOf(near)).toEqual(contentsOf(ledger))

  expect(await store.archive('default', seq, false)).toMatchObject({ archived: seq })
  const chunks = `from interlock.job_queue_snapshot_chunks where seq = ${seq}`
  await expect(owner.query(`delete ${chunks}`)).rejects.toMatchObject({ code: 'JQ111' })
  await expect(owner.query('truncate interlock.job_queue_snapshot_chunks')).rejects.toMatchObject({
    code: 'JQ111',
  })
  const later = await join({ store })
  expect(later.state()).toMatchObject({ waitingCount: WAITING })
  expect(await later.explain('job-19999')).toMatchObject({ jobId: 'job-19999', position: 19_999 })
}, 60_000)
