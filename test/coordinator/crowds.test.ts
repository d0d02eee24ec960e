import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { errorText } from '../../src/coordinator/logger.ts'
import { InterlockError } from '../../src/core/index.ts'
import type { LogStore } from '../../src/port/index.ts'
import { migratedDatabase } from '../contract/support.ts'
import { join, memoryStore } from './support.ts'

let store: LogStore

beforeAll(async () => {
  store = postgresStore(await migratedDatabase())
})

afterAll(() => store.close())

const joinHere = (queue: string) => join({ store, queue })
const jobs = (count: number, prefix: string, model: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => ({ jobId: `${prefix}-${i}`, models: [model(i)] }))
const never = (): never => expect.unreachable()

describe('one append for many', () => {
  it('takes 10,000 jobs that all have to wait', async () => {
    const coordinator = await joinHere('waiting')
    const answer = await coordinator.enqueue(jobs(10_000, 'job', () => 'm'))
    expect(answer.queued).toBe(10_000)
    expect(coordinator.state().waitingCount).toBe(10_000)
  })

  it('is divided when together they are more than it takes', async () => {
    const coordinator = await join()
    await coordinator.enqueue([{ jobId: 'first', models: ['x'] }])
    const [first] = await coordinator.claim({ max: 1, kinds: null })
    const enqueued = [0, 1, 2].map((k) => coordinator.enqueue(jobs(5_000, `batch${k}`, () => 'm')))
    await Promise.all([...enqueued, coordinator.complete((first ?? never()).lease)])
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 15_000 })
  })

  it('fails for the one that is refused, and for nobody else', async () => {
    const memory = memoryStore()
    const refusing: LogStore = {
      ...memory,
      append: (request) => {
        const isBad = request.events.some((event) => event.type === 'queued' && event.jobId === 'bad')
        return isBad ? Promise.reject(new InterlockError('invalid_input', 'refused')) : memory.append(request)
      },
    }
    const coordinator = await join({ store: refusing })
    const enqueue = (jobId: string) =>
      coordinator.enqueue([{ jobId, models: ['m'] }]).then(() => 'queued', errorText)
    expect(await Promise.all(['A', 'B', 'bad', 'C', 'D'].map(enqueue))).toEqual([
      'queued',
      'queued',
      'refused',
      'queued',
      'queued',
    ])
  })
})

describe('many startable jobs at once', () => {
  it('are offered as far as an event can say, and all of them start', async () => {
    const coordinator = await joinHere('offers')
    await coordinator.setPolicy('by-model')
    await coordinator.drain()
    await coordinator.enqueue(jobs(3_000, 'a-job-with-a-longer-name-than-most', (i) => `model-${i}`))
    await coordinator.resume()
    let started = 0
    for (let taken = -1; taken !== 0; started += taken) {
      taken = (await coordinator.claim({ max: 2_000, kinds: null })).length
      expect(taken).toBeLessThanOrEqual(1_000)
    }
    expect(started).toBe(3_000)
  })

  it('are found whatever the policy lets overtake', async () => {
    const coordinator = await joinHere('overtaking')
    await coordinator.setPolicy({ maxActive: null, maxOvertakes: 4 })
    await coordinator.enqueue(jobs(3_000, 'a-job-with-a-longer-name-than-most', (i) => `model-${i}`))
    let started = 0
    for (let taken = -1; taken !== 0; started += taken) {
      taken = (await coordinator.claim({ max: 2_000, kinds: null })).length
    }
    expect(started).toBe(3_000)
  })
})
