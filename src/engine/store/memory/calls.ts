import { holdsAt, InterlockError, type Json, type Micros, type OnceRecord } from '../../core/index.ts'
import type { CallToSubmit, SubmittedAnswer, SubmittedCall } from '../index.ts'
import type { MemoryCall, MemoryQueue, MemorySubmission } from './database.ts'

const RESERVED: Micros = 5_000_000

/** `job_queue_submit_call`. */
export function submitCall(queue: MemoryQueue, given: CallToSubmit, now: Micros): SubmittedAnswer {
  const { requestId, digest, jobs, known, staged } = given
  const before = queue.calls.get(requestId)
  if (before !== undefined) return before.digest === digest ? { ok: true } : refused('reused')
  const aside = queue.staged.get(requestId)
  if ((aside?.size ?? 0) < staged) return refused('unstaged')
  const once = jobs.flatMap((job) => takenBy(queue, job, now))
  if (once.length > 0 || jobs.some((job) => queue.jobs.has(job.job_id))) return refused('changed', once)
  const there = new Map([...queue.submissions.values()].map((row) => [row.jobId, row]))
  const twice = new Set(jobs.flatMap((job) => refuseOther(job, there.get(job.job_id))))
  const ids = new Set<number>()
  for (const job of jobs) {
    if (twice.has(job.job_id)) continue
    const id = ++queue.submitted
    const payload = aside?.get(job.job_id)?.payload
    const whole = payload === undefined ? job : { ...job, payload }
    const row = { jobId: job.job_id, job: whole, requestId, at: now, takenUntil: now + RESERVED, held: null }
    queue.submissions.set(id, row)
    ids.add(id)
  }
  queue.staged.delete(requestId)
  const states = new Map(
    jobs.map((job) => [job.job_id, twice.has(job.job_id) ? 'known' : 'submitted'] as const),
  )
  queue.calls.set(requestId, {
    digest,
    jobs: new Map([...states, ...known.map((id) => [id, 'known'] as const)]),
    ids,
  })
  return { ok: true }
}

const refused = (
  reason: (SubmittedAnswer & { readonly ok: false })['reason'],
  once: readonly OnceRecord[] = [],
): SubmittedAnswer => ({ ok: false, reason, once })

function takenBy(
  { once }: MemoryQueue,
  job: CallToSubmit['jobs'][number],
  now: Micros,
): readonly OnceRecord[] {
  const record = job['once'] === undefined ? undefined : once.get(job.job_id)
  return record !== undefined && holdsAt(record, now) ? [record] : []
}

/** A job that is submitted already. @throws InterlockError `job_exists` if that one is another */
function refuseOther(
  job: CallToSubmit['jobs'][number],
  other: MemorySubmission | undefined,
): readonly string[] {
  if (other === undefined) return []
  if (JSON.stringify(sorted(other.job)) === JSON.stringify(sorted(job))) return [job.job_id]
  throw new InterlockError(
    'job_exists',
    `job ${job.job_id} is submitted with another spec; wait until the other job has ended, cancel it, or use another id`,
  )
}

const sorted = (job: Json): Json =>
  Object.fromEntries(Object.entries(job as object).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** `job_queue_submitted_call`. */
export function submittedCall(
  queue: MemoryQueue,
  { requestId, digest }: Pick<CallToSubmit, 'requestId' | 'digest'>,
  isHolder: boolean,
  now: Micros,
): SubmittedCall | null {
  const call = queue.calls.get(requestId)
  if (call === undefined) return null
  const none = { isReused: false, isTaken: false, left: 0, open: [], held: [], answer: null }
  if (call.digest !== digest) return { ...none, isReused: true }
  const rows = [...queue.submissions].filter(([, row]) => row.requestId === requestId)
  const free = rows.filter(([, { held }]) => held === null)
  const isTaken = !isHolder && free.some(([, { takenUntil }]) => takenUntil > now)
  for (const [, row] of isTaken ? [] : free) row.takenUntil = now + RESERVED
  const open = isTaken ? [] : free.map(([id, { jobId }]) => ({ id, jobId }))
  const held = rows.flatMap(([, { jobId, held: why }]) =>
    why === null ? [] : [{ jobId, reason: why.message ?? '' }],
  )
  return {
    ...none,
    isTaken,
    left: rows.length,
    open,
    held,
    answer: rows.length === 0 ? answerOf(queue, call) : null,
  }
}

/** `job_queue_answer` of such a call. */
function answerOf({ log, once }: MemoryQueue, { jobs, ids }: MemoryCall): SubmittedCall['answer'] {
  const doubles = new Map<string, string>()
  for (const event of log)
    if (event.type === 'deduplicated' && event.submission !== undefined && ids.has(event.submission))
      doubles.set(event.jobId, event.standsFor)
  for (const [jobId, state] of jobs) {
    const standsFor = state === 'known' ? once.get(jobId)?.standsFor : undefined
    if (standsFor !== undefined) doubles.set(jobId, standsFor)
  }
  const known = [...jobs].flatMap(([jobId, state]) =>
    state === 'known' && !doubles.has(jobId) ? [jobId] : [],
  )
  return { known, doubles: [...doubles].map(([jobId, standsFor]) => ({ jobId, standsFor })) }
}

/** What became of a submission of a large call. */
export function noteInCall(
  { calls }: MemoryQueue,
  row: MemorySubmission | undefined,
  state: 'known' | 'cancelled',
): void {
  const call = row && calls.get(row.requestId)
  if (call?.jobs.has(row?.jobId ?? '') === true) call.jobs.set(row?.jobId ?? '', state)
}
