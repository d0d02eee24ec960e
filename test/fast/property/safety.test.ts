import { describe, expect, it } from 'vitest'
import {
  evolve,
  jobOf,
  type Ledger,
  projectionOf,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { LogReader } from '../../support/log.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { play, type Turn } from '../../support/simulate.ts'
import {
  capacity,
  type Entry,
  holdersOf,
  isAhead,
  lineOf,
  needs,
  queueOf,
  shareModel,
} from './oracle/queue.ts'

describe('every log', () => {
  /** S1 to S3, S11, S12, and the draining: see `LogReader` for each. */
  it(
    'keeps exclusion, capacity, rates, tokens, attempts and the drain at every prefix',
    holds([arbitraryRun({ maxLength: 150 })], 400, (steps) => {
      const reader = new LogReader()
      for (const { decision } of play(steps)) for (const event of decision.events) reader.read(event)
      expect(reader.faults).toEqual([])
    }),
    PATIENCE,
  )

  /**
   * A job that was overtaken `maxOvertakes` times reserves: a job behind starts only where, on every model it takes, the
   * holders and those reserving ahead of it leave a place. With one place per model that is a plain count.
   */
  it(
    'lets nobody take a place that a job overtaken often enough waits for',
    holds([arbitraryRun({ maxLength: 150, steered: false })], 300, (steps) => {
      const overtaken = new Map<string, number>()
      for (const { before, event } of startsIn(play(steps))) {
        expect(placesTakenFromOthers(before, event, overtaken)).toEqual([])
        countOvertaking(before, event, overtaken)
      }
    }),
    PATIENCE,
  )

  it(
    'counts no more attempts of a job than it says there may be, however many were given back',
    holds([arbitraryRun({ maxLength: 100 })], 100, (steps) => {
      for (const { before } of play(steps))
        for (const { attempt, attempts } of projectionOf(before).jobs)
          expect(attempt).toBeLessThanOrEqual(attempts)
    }),
    PATIENCE,
  )

  /** S16. */
  it(
    'lets one of cancel and complete win, and tells the other',
    holds([arbitraryRun({ maxLength: 100 })], 100, (steps) => {
      for (const { command, decision, before } of play(steps)) {
        const { body } = command
        const [result] = decision.results
        if (body.type !== 'complete' && body.type !== 'confirm_cancel') continue
        const job = [...before.jobs].find((other) => other.jobId === body.jobId)
        if (job?.active !== true) expect(result).toMatchObject({ ok: false, code: 'job_not_active' })
      }
    }),
    PATIENCE,
  )

  it(
    'ends what was asked to stop as completed or cancelled, never as dead',
    holds([arbitraryRun({ maxLength: 100 })], 100, (steps) => {
      for (const { decision, before } of play(steps)) {
        let ledger = before
        for (const event of decision.events) {
          const job = 'jobId' in event ? jobOf(ledger, event.jobId) : undefined
          if ('final' in event && job?.cancelRequested === true) expect(event.final).toBe(false)
          if (event.type === 'requeued') expect(job?.cancelRequested).toBe(false)
          ledger = evolve(ledger, event)
        }
      }
    }),
    PATIENCE,
  )
})

type Started = RecordedEvent & { readonly type: 'started' }

interface Start {
  readonly before: Ledger
  readonly event: Started
}

function startsIn(turns: readonly Turn[]): readonly Start[] {
  const starts: Start[] = []
  for (const turn of turns) {
    let ledger = turn.before
    for (const event of turn.decision.events) {
      if (event.type === 'started') starts.push({ before: ledger, event })
      ledger = evolve(ledger, event)
    }
  }
  return starts
}

function passedBy(before: Ledger, event: Started): readonly Entry[] {
  const queue = queueOf(before)
  const job = queue.jobs.find((other) => other.jobId === event.jobId) as Entry
  return lineOf(queue).filter((other) => isAhead(other, job) && shareModel(other, job))
}

function placesTakenFromOthers(before: Ledger, event: Started, overtaken: Map<string, number>): string[] {
  const { maxOvertakes } = before.policy
  const limit = maxOvertakes ?? Number.POSITIVE_INFINITY
  const reserving = passedBy(before, event).filter(
    (job) => (overtaken.get(keyOf(job)) ?? 0) >= limit && !isSpokenFor(before, job, event),
  )
  // What its batch holds, it takes from nobody.
  const others = event.batch === undefined ? queueOf(before) : { ...queueOf(before), spared: event.batch }
  return event.models.filter((model) => {
    const held = holdersOf(others, model).length
    const reserved = reserving.filter((job) => needs(job, model)).length
    return held + reserved >= capacity(before.policy, model)
  })
}

/** Nobody took it in time, or one of its kind ahead of it on a model that the start takes: it keeps nothing from other kinds. */
function isSpokenFor(before: Ledger, job: Entry, { jobId, at, models }: Started): boolean {
  const { offerMs } = before.policy
  // An offer that keeps nothing runs out in the append that makes it, and the log need not tell of it.
  if (offerMs === 0) return true
  const queue = queueOf(before)
  if (queue.jobs.find((other) => other.jobId === jobId)?.spec.kind === job.spec.kind) return false
  return lineOf(queue).some(
    (other) =>
      other.spec.kind === job.spec.kind &&
      (other === job || other.jobId === job.jobId || isAhead(other, job)) &&
      models.some((model) => needs(other, model)) &&
      other.offeredAt !== null &&
      other.offeredAt + offerMs * 1_000 <= at,
  )
}

function countOvertaking(before: Ledger, event: Started, overtaken: Map<string, number>): void {
  for (const job of passedBy(before, event)) overtaken.set(keyOf(job), (overtaken.get(keyOf(job)) ?? 0) + 1)
}

/** An id that ended may come again: its first time of queuing tells its lives apart. */
function keyOf(job: Entry): string {
  return `${job.jobId} ${job.queuedAt}`
}
