import { describe, expect, it, vi } from 'vitest'
import { CoreQueue, plainSpec } from '../../../bench/core-queue.ts'
import { defaultPolicy, type Policy, type RecordedEvent } from '../../../src/engine/core/index.ts'
import { Table } from '../../../src/engine/core/values/table.ts'

/** A queue in which many jobs stand in one way or another, and what is done in it again and again. */
interface Crowd {
  readonly policy: Partial<Policy>
  /** Of the job at this place in line. */
  readonly models: (place: number) => readonly string[]
  /** How many of the last ones are of the kind that is taken; absent: all. */
  readonly mine?: number
  /** How long nobody came for them, in milliseconds. */
  readonly idleMs?: number
}

const SLOTS = 8

/** The steps of one hand-off: how often it looks a job or a model up. */
function stepsOf({ policy, models, mine: last, idleMs }: Crowd, waiting: number): number {
  const queue = new CoreQueue()
  queue.setPolicy({ ...defaultPolicy, ...policy })
  const specOf = (place: number) => ({
    ...plainSpec(`job-${place}`, models(place)),
    kind: waiting - place > (last ?? waiting) ? 'other' : 'normal',
  })
  for (let from = 0; from < waiting; from += 500)
    queue.send({ type: 'enqueue', specs: Array.from({ length: 500 }, (_, n) => specOf(from + n)) })
  if (idleMs !== undefined) queue.at(queue.now + idleMs * 1_000)
  const mine = { max: SLOTS, kinds: ['normal'] }
  const active = startedIn(queue.send({ type: 'claim' }, mine).events)
  expect(active.length).toBeGreaterThan(0)
  const looks = vi.spyOn(Table.prototype, 'get')
  let ends = 0
  for (; ends < 40; ends++) {
    const job = active.shift()
    if (job === undefined) break
    const { events } = queue.send({ type: 'complete', jobId: job.jobId, token: job.seq }, { ...mine, max: 1 })
    active.push(...startedIn(events))
  }
  const steps = looks.mock.calls.length / ends
  looks.mockRestore()
  return steps
}

const startedIn = (events: readonly RecordedEvent[]) => events.filter((event) => event.type === 'started')

const crowds: Readonly<Record<string, Crowd>> = {
  'one model': { policy: { maxActive: null }, models: () => ['a'] },
  'ten models': { policy: { maxActive: null }, models: (place) => [`m${place % 10}`] },
  'a model of its own for each': { policy: { maxActive: null }, models: (place) => [`m${place}`] },
  'a model of its own for each, offered long ago': {
    policy: { maxActive: null },
    models: (place) => [`m${place}`],
    idleMs: 60_000,
  },
  'no models': { policy: { maxActive: null }, models: () => [] },
  'ten models, may overtake': {
    policy: { maxActive: null, maxOvertakes: 16 },
    models: (place) => [`m${place % 10}`],
  },
  'a model of its own for each, may overtake': {
    policy: { maxActive: null, maxOvertakes: 16 },
    models: (place) => [`m${place}`],
  },
  'one at a time': { policy: {}, models: (place) => [`m${place % 10}`] },
  'eight at a time': { policy: { maxActive: 8 }, models: (place) => [`m${place}`] },
  'eight at a time, may overtake': {
    // By the number of models, though: each end looks at the head of each line.
    policy: { maxActive: 8, maxOvertakes: 16 },
    models: (place) => [`m${place % 100}`],
  },
  'most of a kind that nobody takes': {
    policy: { maxActive: null },
    models: (place) => [`m${place}`],
    mine: 100,
  },
  // Of those that stand in one line with it, each is passed: that grows with how many there are.
  'most of a kind that nobody takes, offered long ago': {
    policy: { maxActive: null },
    models: (place) => [`m${place}`],
    mine: 100,
    idleMs: 60_000,
  },
}

describe('a hand-off in a crowd', () => {
  it.each(Object.entries(crowds))('%s: takes no more steps with ten times as many waiting', (_, crowd) => {
    const few = stepsOf(crowd, 500)
    const many = stepsOf(crowd, 5_000)
    expect(many / few).toBeLessThan(1.5)
  })
})

describe('a claim while nobody comes for offers', () => {
  /** The second claim, when the first has changed some of the lines. */
  function stepsOfClaim(waiting: number, models: (place: number) => readonly string[], room: number): number {
    const queue = new CoreQueue()
    const capacity = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`m${n}`, room]))
    queue.setPolicy({ ...defaultPolicy, maxActive: null, capacity })
    for (let from = 0; from < waiting; from += 500) {
      const specs = Array.from({ length: 500 }, (_, n) => plainSpec(`job-${from + n}`, models(from + n)))
      queue.send({ type: 'enqueue', specs })
    }
    queue.at(queue.now + 60_000_000)
    const claim = { max: 2, kinds: ['normal'] }
    expect(startedIn(queue.send({ type: 'claim' }, claim).events)).toHaveLength(2)
    const looks = vi.spyOn(Table.prototype, 'get')
    expect(startedIn(queue.send({ type: 'claim' }, claim).events)).toHaveLength(2)
    const steps = looks.mock.calls.length
    looks.mockRestore()
    return steps
  }

  it.each([
    ['a hundred models, a line of one kind behind each', (place: number) => [`m${place % 100}`], 1],
    ['thousands of models, two jobs of one kind for each', (place: number) => [`m${place >> 1}`], 1],
    ['no models', () => [], 1],
    ['ten models with room for all', (place: number) => [`m${place % 10}`], 100_000],
  ] as const)('%s: does not go through all that waits', (_, models, room) => {
    expect(stepsOfClaim(10_000, models, room) / stepsOfClaim(1_000, models, room)).toBeLessThan(1.5)
  })
})
