/**
 * Whether a waiting job may start, and if not, why (docs/inside/conflict-rules.md). `mayStart` asks first what is
 * asked fastest, the slot; `waitsFor` asks in the order of the reasons, the slot last.
 */

import { awaitsParents, isInLine, type Job } from '../state/job.ts'
import type { LedgerView } from '../state/ledger.ts'
import { firstPause } from '../state/pause.ts'
import type { ReasonCode } from '../values/event.ts'
import type { Micros } from '../values/job.ts'
import { holdingBack } from './limits/index.ts'
import { slot } from './limits/slot.ts'
import { type AsOf, lacking, type Need } from './need.ts'
import { anybodyFor, hasModels, placeToTake } from './places.ts'

/** The admission rule: may this waiting job start at this time? */
export const isStartable = (ledger: LedgerView, job: Job, now: Micros): boolean =>
  isInLine(job) && mayStart({ ledger, now }, job)

/** The same for a job in line. */
export const mayStart = (asOf: AsOf, job: Job): boolean =>
  hasSlot(asOf, job) && !isHeldBack(asOf, job) && hasModels(asOf, job)

/** The queue is open, and has a slot for it. */
export const hasSlot = (asOf: AsOf, job: Job): boolean =>
  !asOf.ledger.draining && lacking(asOf, job, slot, 'kept') === undefined

/** It lacks a rate, a use, or what is counted: it keeps its models as any job in line does, and others may start before it. */
export const isHeldBack = (asOf: AsOf, job: Job): boolean =>
  lacking(asOf, job, holdingBack, 'kept') !== undefined

/** What a waiting job waits for. */
export interface Wait {
  readonly code: ReasonCode
  /** The need for which there is no room. Absent: the code says all, or it is a model or a place. */
  readonly lacks?: Need
}

/** Why a waiting job does not start, by the precedence of {@link reasonCodes}; undefined: it may. */
export function waitsFor(asOf: AsOf, job: Job): Wait | undefined {
  const { ledger } = asOf
  const code = besideTheLine(ledger, job)
  if (code !== undefined) return { code }
  const heldBack = lacking(asOf, job, holdingBack, 'kept')
  if (heldBack !== undefined) return { code: heldBack.limit.code(ledger.policy), lacks: heldBack }
  if (job.spec.models.some((model) => isInUse(asOf, model, job))) return { code: 'model_in_use' }
  if (!hasModels(asOf, job)) return { code: 'behind_in_line' }
  const lacks = lacking(asOf, job, slot, 'kept')
  return lacks && { code: lacks.limit.code(ledger.policy), lacks }
}

/** Why it stands in no line; undefined: it does. */
function besideTheLine(ledger: LedgerView, job: Job): ReasonCode | undefined {
  if (ledger.draining) return 'draining'
  if (awaitsParents(job)) return 'waits_for_parents'
  if (job.dueAt !== null) return 'not_due'
  if (job.held === null) return undefined
  // A pause goes before the others, whichever came first.
  const isPaused = job.held.as !== 'fits_no_place' && firstPause(ledger, job.spec) !== undefined
  return isPaused ? 'model_paused' : job.held.as
}

/** What is known of the live workers when a reason is asked for. Without it, every job has one. */
export type HasWorker = (job: Job) => boolean

/** The same as a code, of a job that may start too. */
export function reasonCodeOf(
  ledger: LedgerView,
  job: Job,
  now: Micros,
  hasWorker: HasWorker = () => true,
): ReasonCode {
  return waitsFor({ ledger, now }, job)?.code ?? (hasWorker(job) ? 'offered' : 'no_worker')
}

/** Who has a model leaves no room for this job, at no place that is open. */
export const isInUse = (asOf: AsOf, model: string, job: Job): boolean =>
  placeToTake(asOf, job, model, 'held') === undefined

/** The same, asked by nobody in particular. */
export const isTaken = (ledger: LedgerView, model: string): boolean =>
  placeToTake({ ledger, now: 0 }, anybodyFor(model), model, 'held') === undefined
