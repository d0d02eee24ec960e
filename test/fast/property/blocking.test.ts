import { describe, expect, it } from 'vitest'
import {
  emptyLedger,
  evolve,
  type Ledger,
  projectionOf,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { arbitraryRun, type Step } from '../../support/commands.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { play } from '../../support/simulate.ts'
import { blockerFor } from './oracle/admission.ts'
import { queueOf } from './oracle/queue.ts'

describe('blocked_by_job_id', () => {
  it(
    'is the nearest live job ahead in the line of the first unavailable model, after every event',
    holds([arbitraryRun({ maxLength: 120 })], 200, (steps) => {
      for (const { ledger } of historyOf(steps)) expect(rowsOf(ledger)).toEqual(naiveRowsOf(ledger))
    }),
    PATIENCE,
  )

  it(
    'never names a job that ended, whatever becomes of the policy',
    holds([arbitraryRun({ maxLength: 120 })], 200, (steps) => {
      for (const { ledger } of historyOf(steps)) {
        const live = new Set([...ledger.jobs].map((job) => job.jobId))
        const blockers = projectionOf(ledger).jobs.map((row) => row.blocked_by_job_id)
        expect(blockers.filter((jobId) => jobId !== null && !live.has(jobId))).toEqual([])
      }
    }),
    PATIENCE,
  )
})

/**
 * The job itself, and per model the neighbour behind and the two at the edge of what is free, in the line of the model;
 * two in the line of the queue. A job that an event offers, or whose offer it ends, is a row of its own; so is one that waits for its
 * parents, and hears of the end of one.
 */
describe('one event', () => {
  it(
    'rewrites no more rows than it has models, times a constant',
    holds([arbitraryRun({ maxLength: 120 })], 200, (steps) => {
      for (const { event, before, ledger } of historyOf(steps)) {
        if (concernsMany.has(event.type)) continue
        const changed = changedRows(before, ledger)
        const own = changedOffers(before, ledger) + childrenIn(before, changed)
        expect(changed.length).toBeLessThanOrEqual(3 + 3 * modelsOf(event, before).length + own)
      }
    }),
    PATIENCE,
  )
})

/** A changed capacity, and a model that is paused or resumed, concern as many as wait for it. */
const concernsMany: ReadonlySet<string> = new Set(['policy_changed', 'model_paused', 'model_resumed'])

interface Moment {
  readonly event: RecordedEvent
  readonly before: Ledger
  readonly ledger: Ledger
}

function historyOf(steps: readonly Step[]): readonly Moment[] {
  let ledger = emptyLedger
  return play(steps).flatMap(({ decision }) =>
    decision.events.map((event) => {
      const before = ledger
      ledger = evolve(before, event)
      return { event, before, ledger }
    }),
  )
}

/** `job: blocker on model`, in the order of ids. */
function rowsOf(ledger: Ledger): readonly string[] {
  const rows = projectionOf(ledger).jobs
  return rows.map((row) => `${row.job_id}: ${row.blocked_by_job_id} on ${row.blocked_on}`).sort()
}

function naiveRowsOf(ledger: Ledger): readonly string[] {
  const queue = queueOf(ledger)
  return queue.jobs
    .map((job) => {
      const { by, on } = blockerFor(queue, job)
      return `${job.jobId}: ${by} on ${on}`
    })
    .sort()
}

/** How many of these jobs wait for parents. */
function childrenIn(ledger: Ledger, jobIds: readonly string[]): number {
  const rows = projectionOf(ledger).jobs.filter(({ due_at }) => due_at === Number.MAX_SAFE_INTEGER)
  return rows.filter(({ job_id }) => jobIds.includes(job_id)).length
}

function changedRows(before: Ledger, after: Ledger): readonly string[] {
  const old = new Map(projectionOf(before).jobs.map((row) => [row.job_id, JSON.stringify(row)]))
  const now = new Map(projectionOf(after).jobs.map((row) => [row.job_id, JSON.stringify(row)]))
  return [...new Set([...old.keys(), ...now.keys()])].filter((id) => old.get(id) !== now.get(id))
}

function changedOffers(before: Ledger, after: Ledger): number {
  const old = new Set([...before.offered].map((place) => place.jobId))
  const now = new Set([...after.offered].map((place) => place.jobId))
  return old.symmetricDifference(now).size
}

function modelsOf(event: RecordedEvent, before: Ledger): readonly string[] {
  if (event.type === 'queued') return event.spec.models
  if (!('jobId' in event)) return []
  const known = [...before.jobs].find((job) => job.jobId === event.jobId)?.spec.models ?? []
  // It may come back with others.
  return event.type === 'requeued' ? [...known, ...(event.models ?? [])] : known
}
