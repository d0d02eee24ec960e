import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CoordinatorActor, ledgerSnapshot, stateOn } from '../../../machines/index.ts'
import {
  emptyLedger,
  evolve,
  fold,
  projectionOf,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { eventsOf, play } from '../../support/simulate.ts'
import { absentJob, feedJob, isOfJob, type JobSnapshot, jobStateOn, liveStateName } from './job-life.ts'

const run = arbitraryRun({ maxLength: 40 })

describe('the machine of a queue and the fold (stateOn, evolve)', () => {
  it('come to the same ledger and the same state, event by event, and to the one that was decided', () => {
    fc.assert(
      fc.property(run, (steps) => {
        const actor = new CoordinatorActor()
        let folded = emptyLedger
        for (const { decision } of play(steps)) {
          for (const event of decision.events) {
            folded = evolve(folded, event)
            expect(projectionOf(actor.feed(event))).toEqual(projectionOf(folded))
            expect(actor.snapshot.value).toEqual(stateOn(folded))
          }
          expect(projectionOf(actor.ledger)).toEqual(projectionOf(decision.ledger))
        }
      }),
    )
  })

  it('come to the same when a long log is folded and the machine set down at its end', () => {
    fc.assert(
      fc.property(run, fc.nat(), (steps, cut) => {
        const log = eventsOf(play(steps))
        const at = cut % (log.length + 1)
        const fed = feedAll(new CoordinatorActor(), log)
        const restored = new CoordinatorActor(fold(emptyLedger, log.slice(0, at)).ledger)
        feedAll(restored, log.slice(at))
        const resolved = ledgerSnapshot(fold(emptyLedger, log).ledger)
        for (const snapshot of [restored.snapshot, resolved]) {
          expect(snapshot.value).toEqual(fed.snapshot.value)
          expect(projectionOf(snapshot.context.ledger)).toEqual(projectionOf(fed.ledger))
        }
      }),
    )
  })
})

describe('the machine of a job and the fold', () => {
  it('agree on every job after every event', () => {
    fc.assert(
      fc.property(run, (steps) => {
        const jobs = new Map<string, JobSnapshot>()
        let ledger = emptyLedger
        for (const event of eventsOf(play(steps))) {
          ledger = evolve(ledger, event)
          if (!isOfJob(event)) continue
          const job = feedJob(jobs.get(event.jobId) ?? absentJob, event)
          jobs.set(event.jobId, job)
          expect([event, liveStateName(job)]).toEqual([event, jobStateOn(ledger, event.jobId)])
        }
      }),
    )
  })
})

function feedAll(actor: CoordinatorActor, events: readonly RecordedEvent[]): CoordinatorActor {
  for (const event of events) actor.feed(event)
  return actor
}
