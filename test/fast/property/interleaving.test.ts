/** Three processes over one store, in every order in which their calls and the answers may come, some of which are lost. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { InterlockError, projectionOf, replay } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { PATIENCE, runs } from '../../support/runs.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
/** Longer than any run: what happens comes of calls and wake-ups alone. */
const NEVER = 3_600_000
const claim = { max: 1, kinds: null }
const models = ['a', 'b', 'c'] as const

/** What becomes of one call: carried out, not carried out, or carried out and its answer lost. */
const fates = ['done', 'done', 'done', 'done', 'done', 'refused', 'lost'] as const
type Fate = (typeof fates)[number]

interface Plan {
  readonly jobs: readonly (readonly string[])[]
  readonly fates: readonly Fate[]
}

const plan: fc.Arbitrary<Plan> = fc.record({
  jobs: fc.array(fc.subarray([...models], { minLength: 1, maxLength: 2 }), { minLength: 3, maxLength: 7 }),
  fates: fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 20 }),
})

/** Each call begins, and each answer comes, when the scheduler says so. */
function scheduled(store: LogStore, scheduler: fc.Scheduler, { fates }: Plan) {
  let calls = Number.NaN
  const when = <T>(work: () => Promise<T>, fate: Fate): Promise<T> =>
    scheduler.schedule(Promise.resolve()).then(async () => {
      if (fate === 'refused') throw new InterlockError('store_unavailable', 'the call did not arrive')
      const answer = await work()
      await scheduler.schedule(Promise.resolve())
      if (fate === 'lost') throw new InterlockError('store_unavailable', 'the answer was lost')
      return answer
    })
  // After the last fate all goes well.
  const fate = () => fates[calls++] ?? 'done'
  const faulty: LogStore = {
    ...store,
    append: (request) => when(() => store.append(request), fate()),
    read: (...words) => when(() => store.read(...words), fate()),
  }
  return { store: faulty, begin: () => (calls = 0) }
}

/** Lets everything happen in the order of the scheduler until the work is done. */
async function drive<T>(scheduler: fc.Scheduler, work: Promise<T>): Promise<T> {
  let isOver = false
  const ended = work.finally(() => (isOver = true))
  ended.catch(() => {})
  while (!isOver) {
    if (scheduler.count() > 0) await scheduler.waitOne()
    await new Promise(setImmediate)
  }
  return ended
}

/** Takes jobs and ends them until none is left in the queue. */
async function workOff(coordinator: Coordinator): Promise<void> {
  const isEmpty = () => coordinator.state().activeCount + coordinator.state().waitingCount === 0
  while (!isEmpty()) {
    for (const { lease } of await coordinator.claim(claim)) await coordinator.complete(lease)
    await coordinator.catchUp()
  }
}

async function run(scheduler: fc.Scheduler, chosen: Plan): Promise<void> {
  const database = memoryDatabase()
  const calm = memoryStore(database)
  const join = (store: LogStore) =>
    createCoordinator({ store, logger: silent, leaseMs: NEVER, pollMs: NEVER })
  const first = await join(calm)
  await first.setPolicy('by-model')
  const jobs = chosen.jobs.map((needed, n) => ({ jobId: `j${n}`, models: needed }))
  await first.enqueue(jobs)
  await first.close()
  const stores = Array.from({ length: 3 }, () => scheduled(memoryStore(database), scheduler, chosen))
  const processes = await drive(scheduler, Promise.all(stores.map(({ store }) => join(store))))
  for (const { begin } of stores) begin()
  await drive(scheduler, Promise.all(processes.map(workOff)))
  await drive(scheduler, Promise.all(processes.map((each) => each.close())))
  const { events } = await calm.read('default', 0, 10_000)
  expect(audit(events).violations).toEqual([])
  const ended = events.flatMap((event) => (event.type === 'completed' ? [event.jobId] : []))
  expect(ended.toSorted()).toEqual(jobs.map(({ jobId }) => jobId).toSorted())
  expect(await calm.projection('default')).toEqual(projectionOf(replay(events)))
}

it('every job runs once, no model twice at a time, and the rows are what the log says', {
  timeout: 4 * PATIENCE,
}, async () => {
  await fc.assert(fc.asyncProperty(fc.scheduler(), plan, run), { numRuns: runs(40) })
})
