// Slow, 28 s: two processes over days of a clock, for 200 random timetables.
import fc from 'fast-check'
import { expect, it, onTestFinished, vi } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import type { ScheduleInput } from '../../../src/engine/events/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { HandClock } from '../../../src/tools/testing/hand-clock.ts'
import { PATIENCE, runs } from '../../support/runs.ts'

const MINUTE = 60_000_000
const START = Date.UTC(2030, 0, 1) * 1_000

/** Cron in UTC, without lists: what is due can be told minute by minute. */
interface Plan {
  readonly everyMinutes: number
  readonly upTo: number
  readonly withinMinutes: number | null
  readonly overlap: 'allow' | 'skip' | 'queueOne'
  readonly isCron: boolean
}

const plan: fc.Arbitrary<Plan> = fc.record({
  everyMinutes: fc.constantFrom(1, 5, 15, 30),
  upTo: fc.constantFrom(0, 1, 1, 3, 50),
  withinMinutes: fc.constantFrom(null, null, 20),
  overlap: fc.constantFrom('allow', 'allow', 'skip', 'queueOne'),
  isCron: fc.boolean(),
})

/** Minutes go by, or processes stop and come back, clocks jump, jobs end. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), minutes: fc.nat({ max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), minutes: fc.nat({ max: 200 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('back' as const), minutes: fc.nat({ max: 90 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), minutes: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('declare' as const), minutes: fc.constant(0) }) },
)

const inputOf = (
  id: string,
  { everyMinutes, isCron, upTo, withinMinutes, overlap }: Plan,
): ScheduleInput => ({
  id,
  ...(isCron ? { cron: `*/${everyMinutes} * * * *` } : { every: `${everyMinutes}m` }),
  missed: { upTo, within: withinMinutes === null ? null : `${withinMinutes}m` },
  overlap,
  job: { models: [id] },
})

/** Waits until nothing happens any more. */
const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 12; turns++) await new Promise(setImmediate)
}

async function play(
  plans: readonly Plan[],
  steps: readonly (typeof step extends fc.Arbitrary<infer One> ? One : never)[],
) {
  const clock = new HandClock(START)
  let back = 0
  const database = memoryDatabase({
    now: () => clock.now() - back,
    after: (ms, then) => clock.after(ms, then),
  })
  const join = () =>
    createCoordinator({ store: memoryStore(database), logger: silentLogger, leaseMs: 3_600_000 })
  let pair: Coordinator[] = [await join(), await join()]
  const first = () => pair[0] as Coordinator
  const inputs = plans.map((one, i) => inputOf(`s${i}`, one))
  let revision = 0
  /** Two releases side by side: each declares the schedules with a priority of its own. */
  const deploy = async () => {
    const releases = pair.map((each) => {
      const priority = ++revision
      const own = inputs.map((input) => ({ ...input, job: { ...input.job, priority } }))
      return each.schedules('billing', own, { revision })
    })
    await Promise.all(releases)
  }
  const pass = async (minutes: number) => {
    for (let left = minutes; left > 0; left--) {
      clock.set(clock.now() + MINUTE)
      await settled()
    }
  }
  try {
    await first().setPolicy('by-model')
    await deploy()
    for (const { do: what, minutes } of steps) {
      if (what === 'pass') await pass(minutes)
      else if (what === 'declare') await deploy()
      else if (what === 'end') {
        for (const { lease } of await first().claim({ max: 1_000 })) await first().complete(lease)
      } else if (what === 'back') back += minutes * MINUTE
      else {
        for (const each of pair) await each.close()
        clock.set(clock.now() + minutes * MINUTE)
        pair = [await join(), await join()]
        await settled()
        await pass(1)
      }
    }
    const events = await logOf(first())
    check(plans, events)
    return events
  } finally {
    for (const each of pair) await each.close()
  }
}

async function logOf(coordinator: Coordinator): Promise<readonly RecordedEvent[]> {
  await coordinator.catchUp()
  const events: RecordedEvent[] = []
  for await (const event of coordinator.pullEvents(0)) {
    events.push(event)
    if (event.seq === coordinator.ledger().version) break
  }
  return events
}

/**
 * The naive model: the due times are those of a list that is as long as the log. Each of them was fired once, or is in one stretch that was
 * skipped; none was fired before its time; what was missed is made up for as the plan says.
 */
function check(plans: readonly Plan[], events: readonly RecordedEvent[]): void {
  expect(audit(events).violations).toEqual([])
  for (const [i, plan] of plans.entries()) {
    const id = `s${i}`
    const settled: { due: number; at: number; fired: boolean }[] = []
    const distance = plan.everyMinutes * MINUTE
    for (const event of events) {
      if (event.type === 'queued' && event.spec.schedule === id && event.due !== undefined) {
        expect(event.jobId).toBe(`${id}@${new Date(event.due / 1_000).toISOString()}`)
        settled.push({ due: event.due, at: event.at, fired: true })
      }
      if (event.type === 'schedule_skipped' && event.schedule === id)
        for (let due = event.due; due < (event.next ?? 0); due += distance)
          settled.push({ due, at: event.at, fired: false })
      // Where the first of them is no older than a minute, each is fired.
      if (event.type === 'schedule_skipped' && event.schedule === id && event.reason === 'missed')
        expect(event.at - event.due).toBeGreaterThan(MINUTE)
    }
    const begins = settled[0]?.due ?? 0
    expect(settled.map(({ due }) => due)).toEqual(settled.map((_, n) => begins + n * distance))
    for (const { due, at, fired } of settled) {
      expect(at).toBeGreaterThanOrEqual(due)
      const age = at - due
      if (fired && age > 2 * MINUTE) {
        expect(plan.upTo).toBeGreaterThan(0)
        // Events of one moment are a microsecond apart.
        expect(age).toBeLessThan((plan.withinMinutes ?? Infinity) * MINUTE + 1_000)
      }
    }
  }
}

it(
  'of random schedules each due time is fired once or skipped as they say, whatever crashes, whichever clocks jump, and with two releases side by side',
  async () => {
    const many = fc.array(plan, { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(many, fc.array(step, { maxLength: 8 }), async (plans, steps) => {
        await play(plans, steps)
      }),
      { numRuns: runs(200) },
    )
  },
  PATIENCE,
)

it('10,000 schedules of which none is due add nothing to what a decision does, and have no timers of their own', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => timers.mockRestore())
  const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger })
  try {
    const many = Array.from({ length: 10_000 }, (_, i) => ({
      ...{ id: `s${i}`, every: '365d' as const, job: { models: ['m'] } },
    }))
    expect((await coordinator.schedules('billing', many)).set).toHaveLength(10_000)
    expect(timers.mock.calls.length).toBeLessThan(100)
    const { schedules, dueTimes } = coordinator.ledger()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    // The parts that hold them are passed on as they are: nothing has looked into them.
    expect(coordinator.ledger().schedules).toBe(schedules)
    expect(coordinator.ledger().dueTimes).toBe(dueTimes)
    expect((await coordinator.schedules('billing', many)).kept).toHaveLength(10_000)
    expect(coordinator.ledger().schedules).toBe(schedules)
  } finally {
    await coordinator.close()
  }
})
