/** Many callers that ask about jobs at the same moment: what is the same for all is read once, the rest in line. */
import pg from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { ReadLine, SharedRead } from '../../../src/engine/coordinator/base/concurrency.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { atEnd } from '../../support/this-test.ts'
import { join, memoryStore } from './support.ts'

const many = Array.from({ length: 1_000 }, (_, n) => `job-${n}`)
const turn = () => new Promise((resolve) => setImmediate(resolve))
const outage = new InterlockError('store_unavailable', 'no answer')

/** Reads that the test answers. */
function reads() {
  const begun: PromiseWithResolvers<string>[] = []
  const read = () => {
    const one = Promise.withResolvers<string>()
    begun.push(one)
    return one.promise
  }
  return { begun, read }
}

describe('position, asked 1,000 times at once', () => {
  it('reads the processes once or twice, not 1,000 times', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    await coordinator.enqueue(many.slice(0, 200).map((jobId) => ({ jobId, models: ['m'] })))
    const workers = vi.spyOn(store, 'workers')
    const found = await Promise.all(many.map((_, n) => coordinator.position(`job-${n % 200}`)))
    expect(found.map((place) => place?.ahead).slice(0, 3)).toEqual([0, 1, 2])
    expect(workers.mock.calls.length).toBeLessThanOrEqual(2)
  })

  it('reads in line what became of jobs that are not live, so that a pool of four is never exhausted', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    const { ofJob } = store
    let [under, most] = [0, 0]
    vi.spyOn(store, 'ofJob').mockImplementation(async (...asked) => {
      under++
      most = Math.max(most, under)
      await turn()
      return ofJob(...asked).finally(() => under--)
    })
    const found = await Promise.all(many.map((jobId) => coordinator.position(jobId)))
    expect(new Set(found)).toEqual(new Set([undefined]))
    expect(most).toBe(3)
  })
})

describe('a shared read', () => {
  it('is begun again for those who ask while it is under way: what they get is from after their question', async () => {
    const { begun, read } = reads()
    const shared = new SharedRead(read)
    const first = [shared.ask(), shared.ask()]
    await turn()
    const later = [shared.ask(), shared.ask()]
    await turn()
    expect(begun).toHaveLength(1)
    begun[0]?.resolve('before')
    expect(await Promise.all(first)).toEqual(['before', 'before'])
    await turn()
    expect(begun).toHaveLength(2)
    begun[1]?.reject(outage)
    for (const each of later) await expect(each).rejects.toBe(outage)
    const last = shared.ask()
    await turn()
    begun[2]?.resolve('after')
    expect(await last).toBe('after')
  })
})

describe('a line of reads', () => {
  it('goes on as long as some are answered', async () => {
    const { begun, read } = reads()
    const line = new ReadLine(2)
    const all = [1, 2, 3, 4].map(() => line.during(read))
    expect(begun).toHaveLength(2)
    begun[0]?.resolve('a')
    await all[0]
    begun[1]?.reject(outage)
    await expect(all[1]).rejects.toBe(outage)
    await turn()
    expect(begun).toHaveLength(4)
    for (const each of begun.slice(2)) each.resolve('c')
    expect(await Promise.all(all.slice(2))).toEqual(['c', 'c'])
  })

  it('is told of an outage at once: nobody waits for as many limits as there are callers before him', async () => {
    const { begun, read } = reads()
    const line = new ReadLine(1)
    const all = [1, 2, 3].map(() => line.during(read))
    begun[0]?.reject(outage)
    for (const each of all) await expect(each).rejects.toBe(outage)
    const next = line.during(read)
    begun[1]?.resolve('there again')
    expect(await next).toBe('there again')
  })
})

it('a pool without a free connection is named as such: the server is not to blame', async () => {
  const pool = new pg.Pool({ connectionString: await createDatabase('busy', 'migrated'), max: 1 })
  atEnd(() => pool.end())
  const store = postgresStore(pool)
  atEnd(() => store.close())
  const taken = await pool.connect()
  atEnd(() => taken.release())
  pool.options.connectionTimeoutMillis = 1
  const error = await store.data('default', ['a']).catch((thrown) => thrown)
  expect(error).toMatchObject({
    code: 'store_unavailable',
    message: expect.stringMatching(/all connections of the pool are in use; ask for less at once/),
  })
  expect(error.message).not.toContain('check that the server runs')
})
