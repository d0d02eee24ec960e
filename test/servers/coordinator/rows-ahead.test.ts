/** The user's rows of jobs that an append starts are read while it is under way. */
import { expect, it } from 'vitest'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { JobData, LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { join } from './support.ts'

const never = () => expect.unreachable()

/** A coordinator with jobs that came as rows, on a store that says what it is asked for, in order. */
async function withRows(data: LogStore['data'], traits: Pick<LogStore, 'frugal'> = {}) {
  const inner = memoryStore()
  const arrived = ['a', 'b'].map((jobId, n) => ({
    ...{ arrivalId: n + 1, jobId, models: ['m'], priority: null, jobType: null, kind: null, fairKey: null },
  }))
  const asked: string[] = []
  const failing = { next: false }
  const store: LogStore = {
    ...inner,
    ...traits,
    arrivals: async () => arrived.splice(0),
    taken: async () => {},
    append: async (request) => {
      asked.push(['append', ...(request.rows ?? [])].join(' with '))
      const failed = failing.next
      failing.next = false
      if (failed) throw new InterlockError('store_unavailable', 'a policy of the table takes too long')
      return inner.append(request).finally(() => asked.push('appended'))
    },
    data: (queue, jobIds) => {
      asked.push(`data of ${jobIds.join(' ')}`)
      return data(queue, jobIds)
    },
  }
  const coordinator = await join({ store, pollMs: 3_600_000 })
  await coordinator.setPolicy('by-model')
  await coordinator.takeIn({ max: 10 })
  const claim = async () => ((await coordinator.claim({ max: 1, kinds: null }))[0] ?? never()).lease
  return { coordinator, claim, asked, failing }
}

const nothing = {
  ...{ payload: null, result: null, error: null, checkpoint: null, progress: null },
  trace: null,
}
const rowsOf = async (_queue: string, jobIds: readonly string[]): Promise<readonly JobData[]> =>
  jobIds.map((jobId) => ({ jobId, ...nothing, row: { job_id: jobId } }))

it('asks for the row while the append is under way, and not again', async () => {
  const { coordinator, claim, asked } = await withRows(rowsOf)
  asked.length = 0
  const lease = await claim()
  expect(asked).toEqual(['data of a', 'append', 'appended'])
  expect((await coordinator.dataOf(lease))?.row).toEqual({ job_id: 'a' })
  expect(asked).toHaveLength(3)
})

it('asks after the start at a later attempt, since what the one before it has noted until then counts', async () => {
  const { coordinator, claim, asked } = await withRows(rowsOf)
  await coordinator.fail(await claim(), { code: 'handler_error', retryAt: new Date(0) })
  asked.length = 0
  const lease = await claim()
  await coordinator.dataOf(lease)
  expect(asked).toEqual(['append', 'appended', `data of ${lease.jobId}`])
})

it('starts the job all the same when the row cannot be read, and reads it again', async () => {
  let calls = 0
  const { coordinator, claim } = await withRows((...args) =>
    ++calls === 1 ? Promise.reject(new Error('the pool is empty')) : rowsOf(...args),
  )
  const lease = await claim()
  expect((await coordinator.dataOf(lease))?.row).toEqual({ job_id: 'a' })
  expect(calls).toBe(2)
})

it('asks the append for the row where each call has its price, but not the one after an append that failed', async () => {
  const { coordinator, claim, asked, failing } = await withRows(rowsOf, { frugal: true })
  asked.length = 0
  failing.next = true
  const lease = await claim()
  await coordinator.complete(lease, { claim: { max: 1, kinds: null } })
  expect(asked).toEqual(['append with a', 'append', 'appended', 'append with b', 'appended'])
})
