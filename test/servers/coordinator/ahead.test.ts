/** The batch after the one that is under way: decided on what that will have come to, and again whenever it comes to something else. */
import { describe, expect, it } from 'vitest'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { AppendAnswer, AppendRequest, LogStore } from '../../../src/engine/store/index.ts'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { join, memoryStore } from './support.ts'

type Way = (request: AppendRequest, append: LogStore['append']) => Promise<AppendAnswer>

const turn = () => new Promise((resolve) => setImmediate(resolve))
const eight = Array.from({ length: 8 }, (_, i) => `b${i}`)
const input = (jobId: string) => ({ jobId, models: [jobId] })

/** A process with eight jobs in line: one append of its own that the test lets go, and eight commands that come meanwhile. */
async function twoUnderWay() {
  const store = memoryStore()
  const steps: string[] = []
  const requests: AppendRequest[] = []
  const ways: Way[] = []
  const append: LogStore['append'] = (request) => {
    requests.push(request)
    steps.push(`sent ${requests.length}`)
    return (ways.shift() ?? ((one, go) => go(one)))(request, store.append)
  }
  const coordinator = await join({ store: { ...store, append }, pollMs: 3_600_000, leaseMs: 600_000 })
  await coordinator.setPolicy('by-model')
  await coordinator.enqueue(eight.map((jobId) => input(`old-${jobId}`)))
  requests.length = 0
  steps.length = 0
  /** @param way what becomes of each append, the first one first */
  const run = async (...given: readonly Way[]) => {
    const gate = Promise.withResolvers<void>()
    ways.push(
      async (request, go) => {
        await gate.promise
        return (given[0] ?? ((one, on) => on(one)))(request, go)
      },
      ...given.slice(1),
    )
    const first = coordinator.enqueue([input('a')]).finally(() => steps.push('answered 1'))
    await turn()
    const others = Promise.all(eight.map((jobId) => coordinator.enqueue([input(jobId)])))
    const claims = coordinator.claim({ max: 4, kinds: null }).finally(() => steps.push('started'))
    await turn()
    await turn()
    gate.resolve()
    const [one, all, started] = await Promise.all([first, others, claims])
    await coordinator.close()
    const { events } = await store.read('default', 0, 1_000)
    const { violations } = await auditLog({ store, queue: 'default' })
    return { one, all, started, events, violations }
  }
  return { store, steps, requests, run }
}

/** Each job is in line once, and what was started was so on a log that is right. */
function expectRight({
  one,
  all,
  started,
  events,
  violations,
}: Awaited<ReturnType<Awaited<ReturnType<typeof twoUnderWay>>['run']>>) {
  const queued = events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : []))
  expect(queued.toSorted()).toEqual(['a', ...eight, ...eight.map((jobId) => `old-${jobId}`)].toSorted())
  expect([one, ...all]).toHaveLength(9)
  expect(started).toHaveLength(4)
  expect(violations).toEqual([])
}

it('is sent in the tick of the answer, before anybody hears of that', async () => {
  const { steps, requests, run } = await twoUnderWay()
  expectRight(await run())
  expect(steps).toEqual(['sent 1', 'sent 2', 'answered 1', 'started'])
  expect(requests[1]?.expectedVersion).toBe(requests[0]?.events.at(-1)?.seq)
})

it('starts nothing before its own append is answered', async () => {
  const { steps, run } = await twoUnderWay()
  const written: Way = async (request, go) => {
    const answer = await go(request)
    for (let i = 0; i < 5; i++) await turn()
    steps.push('confirmed')
    return answer
  }
  await run((request, go) => go(request), written)
  expect(steps).toEqual(['sent 1', 'sent 2', 'answered 1', 'confirmed', 'started'])
})

const stand = (version: number) => ({ ok: false, version, now: Date.now() * 1_000 }) as const

/** What a store may answer to the first of the two. */
const refusals: Readonly<Record<string, object>> = {
  known: { known: [] },
  once: { once: [] },
  taken: { jobIds: [] },
  submissions: { ids: [] },
  requested: { jobIds: ['old-b0'] },
  ending: { jobIds: ['old-b0'] },
  dead_worker: { workerIds: ['gone'] },
  live_worker: { workerIds: ['there'] },
  clock: {},
  unstaged: { commandIds: [] },
}

describe('is decided again when the append before it is refused', () => {
  it.each(Object.keys(refusals))('%s', async (reason) => {
    const { requests, run } = await twoUnderWay()
    const refused: Way = async ({ expectedVersion }) =>
      ({ ...stand(expectedVersion), reason, ...refusals[reason] }) as AppendAnswer
    expectRight(await run(refused))
    const [first, second, third] = requests
    expect(second?.events.map(({ type }) => type)).toEqual(first?.events.map(({ type }) => type))
    // The time tells that it is not the decision of before.
    expect(third?.expectedAt).toBe(second?.events.at(-1)?.at)
  })

  it('version: another process was faster', async () => {
    const { store, requests, run } = await twoUnderWay()
    const other = await join({ store, pollMs: 3_600_000 })
    const slower: Way = async (request, go) => {
      await other.claim({ max: 1, kinds: null })
      return go(request)
    }
    expectRight(await run(slower))
    for (const { expectedVersion, events } of requests) expect(events[0]?.seq).toBe(expectedVersion + 1)
  })
})

const lost = new InterlockError('store_unavailable', 'no answer came')

it('waits for the first one while nobody knows what has come of it: written', async () => {
  const { steps, run } = await twoUnderWay()
  const unheard: Way = async (request, go) => {
    await go(request)
    throw lost
  }
  expectRight(await run(unheard))
  expect(steps.indexOf('answered 1')).toBeLessThan(steps.indexOf('started'))
})

it('waits for the first one while nobody knows what has come of it: not written', async () => {
  const { run } = await twoUnderWay()
  expectRight(
    await run(async () => {
      throw lost
    }),
  )
})

it('is asked again under its own ids when its own answer is lost', async () => {
  const { run } = await twoUnderWay()
  const unheard: Way = async (request, go) => {
    await go(request)
    throw lost
  }
  expectRight(await run((request, go) => go(request), unheard))
})
