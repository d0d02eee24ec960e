import { describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import type { ScheduleInput } from '../../../src/engine/events/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { HandClock } from '../../../src/tools/testing/hand-clock.ts'
import { testQueue } from '../../../src/tools/testing/index.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const job = { kind: 'invoices', models: ['ledger'] }
const nightly: ScheduleInput = { id: 'nightly', cron: '30 2 * * *', tz: 'Europe/Berlin', job }
const hourly: ScheduleInput = { id: 'hourly', every: '1h', job }

/** What a queue has done so far, without what jobs did. */
async function logOf(coordinator: Coordinator): Promise<readonly RecordedEvent[]> {
  await coordinator.catchUp()
  const events: RecordedEvent[] = []
  for await (const event of coordinator.pullEvents(0)) {
    events.push(event)
    if (event.seq === coordinator.ledger().version) break
  }
  return events
}

const typesOf = (events: readonly RecordedEvent[]) => events.map(({ type }) => type)
const firedIn = (events: readonly RecordedEvent[]) =>
  events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : []))

describe('schedules that a service declares', () => {
  it('fire one job at each due time, whose id is the schedule and that time', async () => {
    await using queue = await testQueue({ now: new Date('2027-03-26T12:00:00Z') })
    queue.work({ invoices: async ({ payload }) => payload })
    const scheduled = [{ ...nightly, job: { ...job, payload: { month: 3 } } }]
    expect(await queue.coordinator.schedules('billing', scheduled)).toEqual({
      ...{ set: ['nightly'], removed: [], kept: [], isOutdated: false },
    })
    await queue.advance(3 * DAY)
    await queue.drain()
    const ids = ['2027-03-27T01:30:00.000Z', '2027-03-28T01:00:00.000Z', '2027-03-29T00:30:00.000Z']
    const jobs = await queue.enqueued()
    expect(jobs.map(({ jobId }) => jobId)).toEqual(ids.map((at) => `nightly@${at}`))
    expect(jobs.map(({ payload }) => payload)).toEqual(ids.map(() => ({ month: 3 })))
    expect(await queue.job(`nightly@${ids[2]}`)).toMatchObject({ state: 'completed', result: { month: 3 } })
    expect(audit(await logOf(queue.coordinator)).violations).toEqual([])
  })

  it('of another owner stay when one declares its own, and an id belongs to one of them (schedule_owned)', async () => {
    await using queue = await testQueue()
    const { coordinator } = queue
    await coordinator.schedules('billing', [nightly, hourly])
    await coordinator.schedules('reports', [{ ...hourly, id: 'report' }])
    await expect(coordinator.schedules('reports', [nightly])).rejects.toMatchObject({
      code: 'schedule_owned',
      message:
        'schedule nightly is declared by billing; use another id, or remove it there first: `npx interlock-queue schedule remove nightly`',
    })
    expect(await coordinator.schedules('billing', [hourly])).toMatchObject({
      ...{ set: [], removed: ['nightly'], kept: ['hourly'] },
    })
    expect(coordinator.listSchedules().map(({ id, owner }) => [id, owner])).toEqual([
      ['hourly', 'billing'],
      ['report', 'reports'],
    ])
  })

  it('that are as they were write no event, and keep the last due time and the next', async () => {
    await using queue = await testQueue()
    const { coordinator } = queue
    await coordinator.schedules('billing', [hourly])
    await queue.advance(90 * 60_000)
    const [before] = coordinator.listSchedules()
    const { version } = coordinator.ledger()
    expect(await coordinator.schedules('billing', [hourly])).toMatchObject({ kept: ['hourly'] })
    expect(coordinator.ledger().version).toBe(version)
    expect(coordinator.listSchedules()).toEqual([before])
  })

  it.each([undefined, 6])('keep a revision that changes nothing, after revision %s', async (revision) => {
    await using queue = await testQueue()
    const { coordinator } = queue
    await coordinator.schedules('billing', [nightly, hourly], { revision })
    const before = coordinator.listSchedules()
    await coordinator.schedules('billing', [nightly, hourly], { revision: 7 })
    const { version } = coordinator.ledger()
    await coordinator.schedules('billing', [nightly, hourly], { revision: 7 })
    expect(coordinator.ledger().version).toBe(version)
    const outdated = await coordinator.schedules('billing', [hourly], { revision: 6 })
    expect(outdated).toMatchObject({ isOutdated: true })
    expect(coordinator.listSchedules()).toEqual(before)
  })

  it('of an older revision change nothing', async () => {
    await using queue = await testQueue()
    const { coordinator } = queue
    await coordinator.schedules('billing', [nightly], { revision: 12 })
    expect(await coordinator.schedules('billing', [hourly], { revision: 11 })).toEqual({
      ...{ set: [], removed: [], kept: [], isOutdated: true },
    })
    expect(coordinator.listSchedules().map(({ id }) => id)).toEqual(['nightly'])
    await coordinator.schedules('billing', [], { revision: 13 })
    await coordinator.schedules('billing', [nightly], { revision: 12 })
    expect(coordinator.listSchedules()).toEqual([])
  })

  it('fire weekly also when the service is deployed every day, with another payload each time', async () => {
    await using queue = await testQueue()
    for (let day = 0; day < 22; day++) {
      const weekly = { id: 'weekly', every: '7d' as const, job: { ...job, payload: { build: day } } }
      await queue.coordinator.schedules('billing', [weekly], { revision: day })
      await queue.advance(DAY)
    }
    const fired = await queue.enqueued()
    expect(fired.map(({ jobId }) => jobId)).toEqual([
      'weekly@2030-01-08T00:00:00.000Z',
      'weekly@2030-01-15T00:00:00.000Z',
      'weekly@2030-01-22T00:00:00.000Z',
    ])
    expect(fired.map(({ payload }) => payload)).toEqual([{ build: 6 }, { build: 13 }, { build: 20 }])
  })

  it('fire while the queue is draining: their jobs wait', async () => {
    await using queue = await testQueue()
    await queue.coordinator.schedules('billing', [hourly])
    await queue.coordinator.drain()
    await queue.advance(HOUR)
    expect(queue.coordinator.state()).toMatchObject({ waitingCount: 1, activeCount: 0 })
  })

  it('say what is wrong with one, by its path', async () => {
    await using queue = await testQueue()
    const wrong = (schedule: object) => queue.coordinator.schedules('billing', [{ ...hourly, ...schedule }])
    const says = async (schedule: object, message: string) =>
      expect(await wrong(schedule).catch((error: Error) => error.message)).toContain(message)
    await says({ cron: '* * * * *' }, 'schedules[0]: needs either cron or every')
    await says({ every: '90' }, 'schedules[0].every: must be a distance such as "15m"')
    await says({ tz: 'UTC' }, 'schedules[0].tz: is for cron')
    await says({ every: undefined, cron: '30 26 * * *' }, 'schedules[0].cron: Invalid value for hour: 26')
    await says({ every: undefined, cron: '30 2 * * *', tz: 'Berlin' }, 'schedules[0].tz: must be a time zone')
    await says({ job: { ...job, runAt: new Date() } }, 'schedules[0].job: unknown field "runAt"')
    await says(
      { missed: { upTo: 2_000 } },
      'schedules[0].missed.upTo: must be a whole number from 0 to 1,000',
    )
    await says({ id: 'x'.repeat(151) }, 'schedules[0].id: must have at most 150 characters')
    await expect(queue.coordinator.schedules('billing', [hourly, hourly])).rejects.toThrow(
      'schedules[1].id: comes twice: hourly',
    )
  })
})

describe('explain', () => {
  it('says of a job that is to come, that waits and that has ended, which schedule it is of', async () => {
    await using queue = await testQueue({ now: new Date('2027-03-27T00:00:00Z') })
    const { coordinator } = queue
    await coordinator.schedules('billing', [nightly])
    const jobId = 'nightly@2027-03-27T01:30:00.000Z'
    const text = 'due at 02:30 Europe/Berlin, by schedule nightly (2027-03-27)'
    expect(await coordinator.explain(jobId)).toMatchObject({
      state: 'submitted',
      code: 'not_due',
      reason: text,
    })
    await coordinator.pauseSchedule('nightly')
    expect(await coordinator.explain(jobId)).toMatchObject({ reason: `${text}, which is paused` })
    await coordinator.resumeSchedule('nightly')
    await queue.advance(2 * HOUR)
    expect(await coordinator.explain(jobId)).toMatchObject({ state: 'waiting', also: [text] })
    await coordinator.cancel(jobId)
    expect(await coordinator.explain(jobId)).toMatchObject({ state: 'ended', also: [text] })
    expect(await coordinator.explain('nightly@2027-03-29T01:30:00.000Z')).toBe(undefined)
  })
})

describe('due times at which nobody ran', () => {
  /** It is declared at midnight; nobody runs until ten past six. @returns which hours were fired, and what was skipped */
  async function madeUpFor(schedule: Partial<ScheduleInput>) {
    const clock = new HandClock(Date.UTC(2030, 0, 1) * 1_000)
    const database = memoryDatabase(clock)
    const join = () =>
      createCoordinator({ store: memoryStore(database), logger: silentLogger, leaseMs: 30_000 })
    const first = await join()
    await first.schedules('billing', [{ ...hourly, ...schedule }])
    await first.close()
    clock.set(Date.UTC(2030, 0, 1, 6, 10) * 1_000)
    const second = await join()
    try {
      await second.catchUp()
      while (second.ledger().dueTimes.min()?.at !== Date.UTC(2030, 0, 1, 7) * 1_000) {
        clock.set(clock.now() + 200_000)
        await new Promise(setImmediate)
      }
      const events = await logOf(second)
      expect(audit(events).violations).toEqual([])
      const hours = firedIn(events).map((jobId) => Number(jobId.slice('hourly@2030-01-01T'.length, -11)))
      const skipped = events.flatMap((event) => (event.type === 'schedule_skipped' ? [event.reason] : []))
      return { hours, skipped }
    } finally {
      await second.close()
    }
  }

  it('come to the last one, unless it is said otherwise', async () => {
    expect(await madeUpFor({})).toEqual({ hours: [6], skipped: ['missed'] })
  })

  it('are skipped with upTo: 0', async () => {
    expect(await madeUpFor({ missed: { upTo: 0 } })).toEqual({ hours: [], skipped: ['missed'] })
  })

  it('are made up for, the last n of them', async () => {
    expect(await madeUpFor({ missed: { upTo: 3 } })).toEqual({ hours: [4, 5, 6], skipped: ['missed'] })
    expect(await madeUpFor({ missed: { upTo: 99 } })).toEqual({ hours: [1, 2, 3, 4, 5, 6], skipped: [] })
  })

  it('are not made up for when they are older than that', async () => {
    expect(await madeUpFor({ missed: { upTo: 99, within: '2h' } })).toEqual({
      hours: [5, 6],
      skipped: ['missed'],
    })
  })
})

describe('while a job of the schedule is live', () => {
  /** @returns the hours that fire in three, and what becomes of the others, while a first job runs and nobody else works */
  async function within(overlap: ScheduleInput['overlap']) {
    await using queue = await testQueue()
    await queue.coordinator.schedules('billing', [{ ...hourly, overlap }])
    await queue.advance(HOUR)
    await queue.coordinator.claim({ max: 1 })
    await queue.advance(3 * HOUR)
    const events = await logOf(queue.coordinator)
    expect(audit(events).violations).toEqual([])
    const skipped = events.flatMap((event) => (event.type === 'schedule_skipped' ? [event.reason] : []))
    return { fired: firedIn(events).length - 1, skipped }
  }

  it('another one is fired', async () => expect(await within('allow')).toEqual({ fired: 3, skipped: [] }))
  it('none is with skip', async () =>
    expect(await within('skip')).toEqual({ fired: 0, skipped: ['overlap', 'overlap', 'overlap'] }))
  it('one waits with queueOne', async () =>
    expect(await within('queueOne')).toEqual({ fired: 1, skipped: ['overlap', 'overlap'] }))
})

describe('a paused schedule', () => {
  it('fires nothing, also when it is declared again, and goes on with the next due time', async () => {
    await using queue = await testQueue()
    const { coordinator } = queue
    await coordinator.schedules('billing', [hourly])
    await coordinator.pauseSchedule('hourly')
    await queue.advance(90 * 60_000)
    await coordinator.schedules('billing', [{ ...hourly, job: { ...job, priority: 3 } }])
    await queue.advance(2 * HOUR)
    expect(await queue.enqueued()).toEqual([])
    expect(coordinator.listSchedules()).toMatchObject([{ paused: true, last: null }])
    await coordinator.resumeSchedule('hourly')
    expect(coordinator.previewSchedule('hourly', 2)).toEqual([
      new Date('2030-01-01T04:00:00Z'),
      new Date('2030-01-01T05:00:00Z'),
    ])
    await queue.advance(HOUR)
    expect((await queue.enqueued()).map(({ jobId }) => jobId)).toEqual(['hourly@2030-01-01T04:00:00.000Z'])
    expect(typesOf(await logOf(coordinator))).toContain('schedule_resumed')
  })

  it('is unknown once it is removed (schedule_unknown)', async () => {
    await using queue = await testQueue()
    await queue.coordinator.schedules('billing', [hourly])
    await queue.coordinator.removeSchedule('hourly')
    for (const call of ['pauseSchedule', 'resumeSchedule', 'removeSchedule'] as const)
      await expect(queue.coordinator[call]('hourly')).rejects.toMatchObject({ code: 'schedule_unknown' })
    await queue.advance(3 * HOUR)
    expect(await queue.enqueued()).toEqual([])
  })
})

it('a job that the policy would refuse is skipped, and the schedule goes on', async () => {
  await using queue = await testQueue({ policy: { maxActive: null, models: { other: {} } } })
  await queue.coordinator.schedules('billing', [hourly])
  await queue.advance(HOUR)
  await queue.coordinator.defineModels(['ledger'])
  await queue.advance(HOUR)
  const events = await logOf(queue.coordinator)
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'schedule_skipped', reason: 'unknown_model' }),
  )
  expect(firedIn(events)).toEqual(['hourly@2030-01-01T02:00:00.000Z'])
})

it('two processes, two releases and a clock that goes back fire each due time once', async () => {
  const clock = new HandClock(Date.UTC(2030, 0, 1) * 1_000)
  let back = 0
  const database = memoryDatabase({
    now: () => clock.now() - back,
    after: (ms, then) => clock.after(ms, then),
  })
  const join = () =>
    createCoordinator({ store: memoryStore(database), logger: silentLogger, leaseMs: 3_600_000 })
  const pair = [await join(), await join()] as const
  try {
    await pair[0].schedules('billing', [{ ...hourly, every: undefined, cron: '0 * * * *' }])
    const wait = async (ms: number) => {
      for (let left = ms; left > 0; left -= 600_000) {
        clock.set(clock.now() + 600_000_000)
        for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
      }
    }
    await wait(HOUR)
    back = 90 * 60_000_000
    await pair[1].schedules('billing', [{ ...hourly, every: undefined, cron: '*/30 * * * *' }])
    await wait(3 * HOUR)
    const events = await logOf(pair[0])
    expect(new Set(firedIn(events)).size).toBe(firedIn(events).length)
    expect(firedIn(events).length).toBeGreaterThan(1)
    expect(audit(events).violations).toEqual([])
  } finally {
    for (const each of pair) await each.close()
  }
})
