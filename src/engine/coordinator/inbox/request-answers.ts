import {
  type Accepted,
  type CommandBody,
  type InterlockError,
  type JobSpec,
  type Json,
  jobOf,
  type Ledger,
  type Micros,
  type StandIn,
  type Started,
  waitingFor,
} from '../../core/index.ts'
import { waitOf } from '../api/calls.ts'
import { errorText } from '../base/logger.ts'

/** What `job_queue_answer` returns for a command of this worker that was carried out. */
export function answerOf(
  body: CommandBody,
  { started, waiting, bypassed, known = [], doubles = [], declared }: Accepted,
  workerId: string,
  ledger: Ledger,
  now: Micros,
): Json {
  const own = started.filter((attempt) => attempt.workerId === workerId)
  switch (body.type) {
    case 'ask':
      return { ok: true, ...startAnswer(body.spec.jobId, own, bypassed, ledger, now) }
    case 'enqueue':
      return {
        ok: true,
        queued: queuedBy(body.specs, known) - doubles.length,
        known: [...known],
        waiting: waiting.map(({ jobId }) => jobId),
        ...(doubles.length === 0 ? undefined : { deduplicated: doubles.map(doubleJson) }),
      }
    case 'set_schedules': {
      const { set = [], removed = [], kept = [], isOutdated = false } = declared ?? {}
      return { ok: true, set: [...set], removed: [...removed], kept: [...kept], is_outdated: isOutdated }
    }
    case 'cancel':
      return { ok: true, ...(isLeft(body, ledger) ? { left: true } : undefined) }
    case 'detach':
    case 'pause_schedule':
    case 'resume_schedule':
    case 'remove_schedule':
      return { ok: true }
    default:
      return { ok: true, started: own.map(startedJson) }
  }
}

/** It is sent again for the rest. */
function isLeft({ jobId, descendants }: CommandBody & { readonly type: 'cancel' }, ledger: Ledger): boolean {
  const job = descendants === true ? jobOf(ledger, jobId) : undefined
  return job !== undefined && !job.active
}

const doubleJson = ({ jobId, standsFor }: StandIn) => ({ job_id: jobId, stands_for: standsFor })

const queuedBy = (specs: readonly JobSpec[], known: readonly string[]): number =>
  new Set(specs.map(({ jobId }) => jobId)).size - known.length

/** What `job_queue_answer` returns for a command that the queue refuses. */
export function refusalOf({ code, message }: InterlockError): Json {
  return { ok: false, code, message: sound(message) }
}

/** The jobs that a command would put in line, as far as it can be read. */
export function submittedBy(command: Json): readonly string[] {
  const { type, jobs } = (command ?? {}) as { readonly type?: Json; readonly jobs?: Json }
  if (type !== 'enqueue' || !Array.isArray(jobs)) return []
  const ids = jobs.map((job: { job_id?: Json; jobId?: Json } | null) => job?.job_id ?? job?.jobId)
  return ids.filter((id) => typeof id === 'string')
}

/** This release cannot decide the command. It gets an answer nevertheless: left in the inbox, it would fail at every look. */
export function undecidable(error: unknown): Json {
  const message = `command: cannot be decided (${errorText(error)}); make it smaller, and flatter`
  return { ok: false, code: 'invalid_input', message: sound(message) }
}

const MOST = 4_000

/** The message may quote input. A text that jsonb refuses would hold up all answers of its batch. */
function sound(message: string): string {
  return message.slice(0, MOST).toWellFormed().replaceAll('\0', '\uFFFD')
}

function startAnswer(
  jobId: string,
  own: readonly Started[],
  bypassed: readonly string[],
  ledger: Ledger,
  now: Micros,
): { readonly [key: string]: Json } {
  const attempt = own.find(({ lease }) => lease.jobId === jobId)
  if (attempt !== undefined) return { allowed: true, lease: startedJson(attempt) }
  if (bypassed.includes(jobId)) return { allowed: true, lease: null, bypassed: true }
  const job = jobOf(ledger, jobId)
  const waiting = job?.active === false ? waitingFor(ledger, job, now) : undefined
  const { code, reason, blockedBy, ahead, position } = waitOf(ledger, jobId, waiting)
  return { allowed: false, code, reason, blocked_by: [...blockedBy], ahead, position }
}

function startedJson({ lease, spec, attempt, attempts, postponed }: Started): {
  readonly [key: string]: Json
} {
  const { jobType, kind, models, priority } = spec
  const places = lease.places === undefined ? {} : { places: lease.places }
  return {
    job_id: lease.jobId,
    job_type: jobType,
    kind,
    models: [...models],
    priority,
    attempt,
    attempts,
    postponed,
    fencing_token: lease.fencingToken,
    epoch: lease.epoch,
    fence: lease.fence,
    ...places,
  }
}
