import {
  type Accepted,
  type CommandBody,
  type Json,
  jobOf,
  type Ledger,
  type Micros,
  type Started,
  waitingFor,
} from '../core/index.ts'

/** What `job_queue_answer` says of a command that was carried out for this worker. */
export function answerOf(
  body: CommandBody,
  { started, waiting, bypassed }: Accepted,
  workerId: string,
  ledger: Ledger,
  now: Micros,
): Json {
  const own = started.filter((attempt) => attempt.workerId === workerId)
  switch (body.type) {
    case 'ask':
      return { ok: true, ...startAnswer(body.spec.jobId, own, bypassed, ledger, now) }
    case 'enqueue':
      return { ok: true, queued: body.specs.length, waiting: waiting.map(({ jobId }) => jobId) }
    case 'cancel':
    case 'detach':
      return { ok: true }
    default:
      return { ok: true, started: own.map(startedJson) }
  }
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
  if (job === undefined || job.active) {
    return {
      allowed: false,
      code: 'offered',
      reason: 'it was started and has ended since',
      blocked_by: [],
      position: 0,
    }
  }
  const { code, reason, blockedBy } = waitingFor(ledger, job, now)
  const position = ledger.line.rank(job.place)
  return { allowed: false, code, reason, blocked_by: blockedBy === null ? [] : [blockedBy], position }
}

function startedJson({ lease, spec, attempt, attempts }: Started): { readonly [key: string]: Json } {
  const { jobType, kind, models, priority } = spec
  return {
    job_id: lease.jobId,
    job_type: jobType,
    kind,
    models: [...models],
    priority,
    attempt,
    attempts,
    fencing_token: lease.fencingToken,
    epoch: lease.epoch,
  }
}
