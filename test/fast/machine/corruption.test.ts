import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CoordinatorActor, check } from '../../../machines/index.ts'
import {
  evolve,
  type InterlockError,
  isInterlockError,
  projectionOf,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { arbitraryRecordedEvent } from '../../support/arbitraries.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { eventsOf, play } from '../../support/simulate.ts'
import { queued, started, story } from './story.ts'

const arbitraryLog = arbitraryRun({ maxLength: 30 })
  .map((steps) => eventsOf(play(steps)))
  .filter((log) => log.length > 1)

/** A log with one event changed; `at` is where it differs first. */
interface Mutation {
  readonly log: readonly RecordedEvent[]
  readonly at: number
}

const mutations = {
  drop: (log, at) => ({ log: log.toSpliced(at, 1), at }),
  duplicate: (log, at) => ({ log: log.toSpliced(at, 0, ...log.slice(at, at + 1)), at: at + 1 }),
  swap: (log, at) => ({ log: log.toSpliced(at, 2, ...log.slice(at, at + 2).reverse()), at }),
  'wrong token': (log, at) => ({
    log: log.map((event, i) => (i === at ? withWrongToken(event) : event)),
    at,
  }),
  'wrong time': (log, at) => ({
    log: log.map((event, i) => (i === at ? { ...event, at: log[i - 1]?.at ?? 0 } : event)),
    at,
  }),
} satisfies Record<string, (log: readonly RecordedEvent[], at: number) => Mutation>

function withWrongToken(event: RecordedEvent): RecordedEvent {
  return 'token' in event && event.token !== null ? { ...event, token: event.token - 1 } : event
}

/** Numbers and times put right again: what is left is a log that says something else. */
function renumbered(log: readonly RecordedEvent[]): readonly RecordedEvent[] {
  return log.map((event, i) => ({ ...event, seq: i + 1, at: 1_000 * (i + 1) }))
}

function errorOf(act: () => unknown): InterlockError | undefined {
  try {
    act()
  } catch (error) {
    if (isInterlockError(error)) return error
    throw error
  }
  return undefined
}

/** Feeds until an event is refused, and checks that the refusal is a typed one that leaves everything as it was. */
function feedUntilRefused(actor: CoordinatorActor, log: readonly RecordedEvent[]): number {
  for (const [i, event] of log.entries()) {
    const { snapshot, ledger } = actor
    const rows = projectionOf(ledger)
    const foreseen = errorOf(() => check(snapshot, event))
    const folded = errorOf(() => evolve(ledger, event))
    const error = errorOf(() => actor.feed(event))
    expect([error?.code, error?.message]).toEqual([foreseen?.code, foreseen?.message])
    expect(error?.code).toBe(folded?.code)
    if (error === undefined) continue
    expect(['corrupt_log', 'unknown_event']).toContain(error.code)
    expect(error.message).toContain(`event ${event.seq} `)
    expect(error.details).toMatchObject({ seq: event.seq, type: event.type })
    expect(actor.snapshot).toBe(snapshot)
    expect(projectionOf(actor.ledger)).toEqual(rows)
    return i
  }
  return log.length
}

const cut = (log: readonly RecordedEvent[], pick: number) => pick % (log.length - 1)

describe('a log that was tampered with', () => {
  it.each(Object.entries(mutations))(
    '%s: is refused where it differs, and the right event goes on',
    (_, mutate) => {
      fc.assert(
        fc.property(arbitraryLog, fc.nat(), (log, pick) => {
          const mutated = mutate(log, cut(log, pick))
          fc.pre(mutated.log.some((event, i) => event !== log[i]))
          const actor = new CoordinatorActor()
          expect(feedUntilRefused(actor, mutated.log)).toBe(mutated.at)
          for (const event of log.slice(mutated.at)) actor.feed(event)
          expect(actor.ledger.version).toBe(log.length)
        }),
      )
    },
  )

  it('a last event that is not there is not missed: only the version tells', () => {
    const log = story([queued('a'), started('a')])
    const actor = new CoordinatorActor()
    expect(feedUntilRefused(actor, log.slice(0, 1))).toBe(1)
    expect(actor.ledger.version).toBe(1)
  })

  it.each(Object.entries(mutations))(
    '%s, renumbered: machine and fold refuse the same event',
    (_, mutate) => {
      fc.assert(
        fc.property(arbitraryLog, fc.nat(), (log, pick) => {
          feedUntilRefused(new CoordinatorActor(), renumbered(mutate(log, cut(log, pick)).log))
        }),
      )
    },
  )

  it('an event from elsewhere: machine and fold take it or refuse it alike', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.nat(), arbitraryRecordedEvent(), (log, pick, foreign) => {
        const at = cut(log, pick)
        const known = log[at] ?? foreign
        const place = { seq: known.seq, at: known.at }
        const inserted: RecordedEvent = { ...foreign, ...place }
        feedUntilRefused(new CoordinatorActor(), log.toSpliced(at, 0, inserted))
        feedUntilRefused(new CoordinatorActor(), log.toSpliced(at, 1, inserted))
      }),
    )
  })

  it('an event type of a later release: unknown_event, and nothing is guessed', () => {
    const actor = new CoordinatorActor()
    const [event] = story([{ type: 'drained' }])
    const later = { ...event, type: 'teleported' } as unknown as RecordedEvent
    const error = errorOf(() => actor.feed(later))
    expect(error?.code).toBe('unknown_event')
    expect(error?.message).toMatch(/event 1 .*teleported.*newer release/)
    expect(error?.details).toEqual({ seq: 1, type: 'teleported' })
    expect(errorOf(() => check(actor.snapshot, later))?.code).toBe('unknown_event')
    expect(actor.ledger.version).toBe(0)
  })
})

/** What a check that did not look would have to rely on. */
describe('why an event is checked before it is sent', () => {
  it('can() says yes to what evolve refuses', () => {
    const actor = new CoordinatorActor()
    const [first, second] = story([queued('a'), queued('a')])
    if (first === undefined || second === undefined) throw new Error('no story')
    actor.feed(first)
    expect(actor.snapshot.can(second)).toBe(true)
    expect(() => check(actor.snapshot, second)).toThrow('job a is in_line, and does not accept it there')
  })
})
