import { describe, expect, it } from 'vitest'
import {
  decide,
  dueOf,
  firedId,
  type Micros,
  type RecordedEvent,
  replay,
  type ScheduleRule,
} from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const SECOND = 1_000_000

const rule: ScheduleRule = {
  ...{ everyMs: 1_000, tz: 'UTC', upTo: 1, withinMs: null, overlap: 'allow' },
  job: {
    ...{ jobType: 'normal', kind: 'normal', models: ['m'], priority: 0 },
    ...{ attempts: 1, timeoutMs: 60_000, expireMs: null, fairKey: null },
  },
}

const declare = (
  scenario: Scenario,
  next: Micros,
  ids: readonly string[] = ['tick'],
  everyMs = 1_000,
  absentAt?: number,
) =>
  scenario.send({
    ...{ type: 'set_schedules', owner: 'billing', revision: null },
    schedules: ids.map((id) => ({
      ...{ id, rule: { ...rule, everyMs }, next },
      ...(absentAt === undefined ? {} : { absentAt }),
    })),
  })

/** As a process does that finds it due. */
function fire(scenario: Scenario) {
  const [{ schedule, next } = { schedule: 'tick', next: null }] = scenario.ledger.schedules
  const due = next ?? 0
  const count = Math.max(0, Math.floor((scenario.now - due) / SECOND) + 1)
  const times = Array.from({ length: count }, (_, i) => due + i * SECOND)
  const after = due + count * SECOND
  return scenario.send({ type: 'fire', schedule, due, times, next: after, payloadHash: undefined })
}

const opened = () => given({ maxActive: null }).later(1)

/** The due times that were fired, in seconds from the first of them. */
function firedIn({ log }: Scenario, from: Micros): readonly number[] {
  expect(audit(log).violations).toEqual([])
  return log.flatMap((event) =>
    event.type === 'queued' && event.due !== undefined ? [(event.due - from) / SECOND] : [],
  )
}

describe('a due time between the declaration of a schedule and its append', () => {
  it('is fired, as are those after it that have come', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    const { version } = scenario.ledger
    scenario.later(4_000)
    declare(scenario, due, ['tick'], 1_000, version)
    fire(scenario)
    expect(firedIn(scenario, due)).toEqual([0, 1, 2, 3])
    expect(replay(scenario.log).schedules).toEqual(scenario.ledger.schedules)
  })

  it('is missed if the schedule was there and was removed in between: it may have been fired', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    const { version } = scenario.ledger
    declare(scenario, due)
    scenario.later(1_500)
    fire(scenario)
    scenario.claim()
    scenario.complete(firedId('tick', due))
    scenario.send({ type: 'remove_schedule', schedule: 'tick' })
    declare(scenario, due, ['tick'], 1_000, version)
    expect(fire(scenario).events).toMatchObject([{ type: 'schedule_skipped', due, reason: 'missed' }])
    expect(firedIn(scenario, due)).toEqual([0])
  })
})

describe('a due time is fired once', () => {
  it('also if the schedule was removed, and is declared again by a command that was long on its way', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    declare(scenario, due)
    scenario.later(1_500)
    fire(scenario)
    scenario.send({ type: 'remove_schedule', schedule: 'tick' })
    declare(scenario, due)
    expect(fire(scenario).events).toMatchObject([{ type: 'schedule_skipped', due, reason: 'missed' }])
    scenario.later(1_000)
    fire(scenario)
    expect(firedIn(scenario, due)).toEqual([0, 1])
  })

  it('also if another declaration of its owner removed it for a moment', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    declare(scenario, due)
    scenario.later(1_500)
    fire(scenario)
    declare(scenario, due, [])
    declare(scenario, due, ['tick'], 500)
    fire(scenario)
    expect(firedIn(scenario, due)).toEqual([0])
  })

  it('also if it is set again with another definition whose due time has come before', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    declare(scenario, due)
    scenario.later(1_500)
    fire(scenario)
    declare(scenario, due, ['tick'], 500)
    fire(scenario)
    expect(firedIn(scenario, due)).toEqual([0])
  })

  it('also if it is resumed twice, and one of the two was long on its way', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    const pause = () => scenario.send({ type: 'pause_schedule', schedule: 'tick' })
    const resume = () => scenario.send({ type: 'resume_schedule', schedule: 'tick', next: due })
    declare(scenario, due)
    pause()
    resume()
    scenario.later(1_500)
    fire(scenario)
    pause()
    resume()
    fire(scenario)
    expect(firedIn(scenario, due)).toEqual([0])
  })

  it('and a log that says otherwise is corrupt', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    declare(scenario, due)
    scenario.later(1_500)
    const fired = fire(scenario).events[0] as RecordedEvent
    scenario.send({ type: 'cancel', jobId: `tick@${new Date(due / 1_000).toISOString()}`, force: false })
    scenario.send({ type: 'remove_schedule', schedule: 'tick' })
    scenario.later(60_000)
    const { seq, at } = declare(scenario, due).events[0] as RecordedEvent
    expect(() => replay([...scenario.log, { ...fired, seq: seq + 1, at: at + 1 }])).toThrow(
      'schedule tick was declared after that due time',
    )
  })
})

describe('an id that a schedule gives to its jobs, <schedule>@<due time>', () => {
  const idAt = (due: Micros) => `tick@${new Date(due / 1_000).toISOString()}`
  const spec = (jobId: string) => ({ ...rule.job, jobId, runAt: null })
  const firedIds = ({ log }: Scenario) =>
    log.flatMap((event) => (event.type === 'queued' && event.due !== undefined ? [event.jobId] : []))

  it('that a job of somebody else has, leaves the due time its job: it comes under ~2, ~3, …', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    declare(scenario, due)
    const taken = [idAt(due), `${idAt(due)}~2`, idAt(due + SECOND)]
    scenario.send({ type: 'enqueue', specs: taken.map(spec) })
    for (let time = 1; time <= 3; time++) {
      scenario.later(1_000)
      fire(scenario)
    }
    const ids = [`${idAt(due)}~3`, `${idAt(due + SECOND)}~2`, idAt(due + 2 * SECOND)]
    expect(firedIds(scenario)).toEqual(ids)
    expect(firedIn(scenario, due)).toEqual([0, 1, 2])
    expect(replay(scenario.log).schedules.size).toBe(1)
    for (const [i, id] of ids.entries()) expect(dueOf({ jobId: id, schedule: 'tick' })).toBe(due + i * SECOND)
  })

  it('is skipped as before while a process is alive that knows only one id for each due time', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    declare(scenario, due)
    scenario.send({ type: 'enqueue', specs: [spec(idAt(due))] })
    scenario.later(1_000)
    const times = [due]
    const body = { type: 'fire', schedule: 'tick', due, times, next: null, payloadHash: undefined } as const
    const command = { id: 'old', hash: 1, workerId: 'w', body }
    const { events } = decide(scenario.ledger, [command], {
      now: scenario.now,
      deadWorkers: new Set(),
      reads: 6,
    })
    expect(events).toMatchObject([{ type: 'schedule_skipped', reason: 'job_exists' }])
  })

  it('is not given to what was submitted, as long as the schedule is there', () => {
    const scenario = opened()
    const due = scenario.now + SECOND
    declare(scenario, due)
    const submit = () =>
      scenario.send({
        ...{ type: 'enqueue', submissions: [1, 2, 3] },
        specs: [idAt(due + 77 * SECOND), 'tick@noon', 'tock@2027-01-01T00:00:00.000Z'].map(spec),
      })
    const { result } = submit()
    expect(result).toMatchObject({ ok: true, held: [{ code: 'schedule_owned' }] })
    scenario.send({ type: 'remove_schedule', schedule: 'tick' })
    expect(submit().result).toMatchObject({ ok: true, held: [] })
  })
})
