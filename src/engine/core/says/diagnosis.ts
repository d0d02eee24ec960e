import type { Ending } from '../fold/law/state.ts'
import { expiresAt, timesOutAt } from '../fold/timing.ts'
import { othersIn } from '../line/batch.ts'
import { isSlotKept, waitingFor } from '../needs/told.ts'
import type { HasWorker } from '../needs/waits.ts'
import { type Job, triesOf } from '../state/job.ts'
import type { LedgerView } from '../state/ledger.ts'
import type { ErrorCode } from '../values/error-codes.ts'
import type { ReasonCode } from '../values/event.ts'
import { attemptText, type Micros } from '../values/job.ts'
import { timeText } from '../values/time-text.ts'
import {
  hasWorkerAmong,
  overdueIn,
  type QueueFacts,
  serversAtPlaces,
  serversOf,
  type WorkerFact,
} from './facts.ts'

/**
 * What keeps a live job from going on as it should. `late`: its worker has missed its heartbeats. `lost`: its worker is gone, and
 * nobody has given it back yet. `overdue`: a time has passed, and nobody has recorded it.
 */
export const jobFaults = ['late', 'lost', 'overdue'] as const

/** What a job that is in no log yet waits for, or why it is in none. */
export const arrivalCodes = ['undecided', 'arrived', 'not_taken_in', 'adoptable'] as const

/** Why a submitted job is put off: each comes into line once that is over. Any other code is that of one that no process could read. */
export const putOffCodes = [
  'job_exists',
  'unknown_model',
  'models_required',
  'parent_unknown',
  'flow_cycle',
  'schedule_owned',
] as const satisfies readonly ErrorCode[]

export type JobFault = (typeof jobFaults)[number]

/** What keeps a live job. */
export type LiveCode = ReasonCode | JobFault

/** What keeps a job, or how it ended: one word for all that tell of it. Of a refused submission, the code of the refusal. */
export type JobCode = LiveCode | (typeof arrivalCodes)[number] | Ending | ErrorCode

/** What keeps a live job. */
export interface Diagnosis {
  /** Null: nothing does, it runs. */
  readonly code: LiveCode | null
  /** One sentence, without a position. */
  readonly reason: string
  readonly blockedBy: string | null
  /** When time alone ends the reason; null: something has to happen, or nobody knows when. */
  readonly until: Micros | null
}

/** What is with a live job: the only place that decides it, for everybody who tells of one. */
export function diagnosisOf(facts: QueueFacts, job: Job): Diagnosis {
  return job.active ? diagnosisOfActive(facts, job) : diagnosisOfWaiting(facts, job)
}

function diagnosisOfActive(facts: QueueFacts, job: Job): Diagnosis {
  if (facts.ending?.has(job.jobId) === true) return ending
  const where = job.detachedUntil === null ? `in worker ${job.workerId}` : 'detached from its worker'
  const code = faultOf(facts, job.workerId, timesOutAt(job))
  const what = code === null ? '' : `, ${faultTexts[code]}`
  const places = Object.values(job.places ?? {})
  const on = places.length === 0 ? '' : ` on ${[...new Set(places)].join(', ')}`
  const also = `${batchText(facts, job)}${gaveBackText(job)}`
  const reason = `it runs ${where}${on}, ${attemptText(triesOf(job))}${what}${also}`
  return { code, reason, blockedBy: null, until: null }
}

/** Whatever has become of its worker or its time: nothing else ends it any more. */
const ending: Diagnosis = {
  code: null,
  reason: 'its end is committed, and is being written',
  blockedBy: null,
  until: null,
}

/** `, in batch 17 with 3 others`. */
function batchText({ ledger }: QueueFacts, job: Job): string {
  const others = othersIn(ledger, job).length
  return others === 0
    ? ''
    : `, in batch ${job.batch} with ${others === 1 ? 'another job' : `${others} others`}`
}

/** `, gave back flux-dev at 2026-11-24T12:03:00.000Z`. */
const gaveBackText = ({ gaveBack }: Job): string =>
  (gaveBack ?? []).map(({ model, at }) => `, gave back ${model} at ${timeText(at)}`).join('')

const faultTexts = {
  late: 'which has missed its heartbeats',
  lost: 'which is gone',
  overdue: 'past its time',
} as const

/** What is wrong with an attempt; null: nothing. A worker whose row is not there may be newer than the rows. */
export function faultOf(
  facts: Pick<QueueFacts, 'now' | 'workers'>,
  workerId: string | null,
  timesOutAt: Micros | null,
): JobFault | null {
  const worker = workerId === null ? undefined : facts.workers?.find((row) => row.workerId === workerId)
  return faultIn(overdueIn(facts)(timesOutAt), worker)
}

/** @param worker that of the attempt; undefined: it is detached, or its row is not there */
export function faultIn(isOverdue: boolean, worker: WorkerFact | undefined): JobFault | null {
  if (isOverdue) return 'overdue'
  if (worker === undefined || worker.state === 'live') return null
  return worker.state === 'dead' ? 'lost' : 'late'
}

function diagnosisOfWaiting(facts: QueueFacts, job: Job): Diagnosis {
  const { ledger, now, workers } = facts
  const overdue = overdueOf(facts, job)
  if (overdue !== null) return { code: 'overdue', reason: overdue, blockedBy: null, until: null }
  const hasWorker = workers === null ? undefined : hasWorkerAmong(ledger, workers)
  const { code, reason, blockedBy, until } = waitingFor(ledger, job, now, hasWorker)
  const isKept = isKeptForNobody(ledger, job, code, hasWorker)
  if ((code !== 'no_worker' && !isKept) || job.held !== null) return { code, reason, blockedBy, until }
  const when = isKept ? `its turn comes after job ${blockedBy}` : 'it may start'
  return { code: 'no_worker', reason: `${when}, and ${noWorker(facts, job)}`, blockedBy, until }
}

/** Nothing runs that it waits for: what is missing is a worker. */
export const isKeptForNobody = (
  ledger: LedgerView,
  job: Job,
  code: ReasonCode,
  hasWorker: HasWorker | undefined,
): boolean => isSlotKept(ledger, job, code) && hasWorker?.(job) === false

/** Which time has passed without anybody having recorded it; null: none. */
function overdueOf(facts: QueueFacts, job: Job): string | null {
  const isOverdue = overdueIn(facts)
  if (isOverdue(expiresAt(job))) return 'it has waited longer than it may, and no process has recorded that'
  if (facts.ledger.draining || !isOverdue(job.dueAt)) return null
  return 'its time has come, and no process has put it in line'
}

function noWorker(facts: QueueFacts, job: Job): string {
  const { kind } = job.spec
  const live = (facts.workers ?? []).filter(({ state }) => state === 'live')
  if (live.length === 0) return nobodyAlive
  if (serversOf(live, kind).length === 0)
    return `no live worker has a handler for ${kind} (${presentText(live)})`
  if (facts.ledger.servers.length === 0 || job.places === null) return `no worker for ${kind} has a free slot`
  const at = [...new Set(Object.values(job.places))].join(', ')
  return serversAtPlaces(facts.ledger, live, job).length === 0
    ? `no live worker for ${kind} serves ${at}`
    : `no worker for ${kind} that serves ${at} has a free slot`
}

/** A dashboard, or a command that looks, does not join the queue: nobody can tell that it is there. */
const nobodyAlive = 'no worker is alive (a dashboard runs no jobs)'

const NAMED = 3

/** `alive: api:w0a1b2c3d, which runs no jobs; w9e8f7a6b for draw, upscale`. */
function presentText(live: readonly WorkerFact[]): string {
  const named = live.slice(0, NAMED).map(({ workerId, kinds }) => {
    const does = kinds?.length === 0 ? ', which runs no jobs' : ` for ${kinds?.join(', ') ?? 'every kind'}`
    return `${workerId}${does}`
  })
  const more = live.length > NAMED ? [`${live.length - NAMED} more`] : []
  return `alive: ${[...named, ...more].join('; ')}`
}
