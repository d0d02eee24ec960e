import {
  circleIn,
  circular,
  type Json,
  type Micros,
  type RecordedEvent,
  type SubmittedCommand,
} from '../../core/index.ts'
import type {
  InboxAnswer,
  InboxRequest,
  ListedSubmission,
  SettledSubmissions,
  SubmissionRow,
  Submitted,
  SubmittedJob,
} from '../index.ts'
import { noteInCall } from './calls.ts'
import {
  type MemoryDatabase,
  type MemoryQueue,
  type MemoryRequest,
  type MemorySubmission,
  queueIn,
} from './database.ts'

const TAKEN: Micros = 2_000_000
const HELD: Micros = 10_000_000

/**
 * `job_queue_request`, for tests and simulations: puts a command into the inbox without checking it. Any coordinator of the queue
 * decides it.
 */
export function memoryRequest(
  database: MemoryDatabase,
  command: Json,
  queue = 'default',
  requestId: string = crypto.randomUUID(),
): string {
  const { inbox, intakes } = queueIn(database, queue)
  const at = database.now()
  if (!inbox.has(requestId)) inbox.set(requestId, { command, at, answer: null, answeredAt: 0, takenUntil: 0 })
  for (const wake of intakes) queueMicrotask(wake)
  return requestId
}

/** `job_queue_enqueue_in`, for tests and simulations: submits jobs without checking them. An id that is submitted already is left as it is. */
export function memorySubmit(
  database: MemoryDatabase,
  jobs: readonly { readonly job_id: string; readonly [field: string]: Json }[],
  queue = 'default',
): void {
  const own = queueIn(database, queue)
  const { submissions, intakes } = own
  const requestId = crypto.randomUUID()
  for (const job of jobs) {
    if ([...submissions.values()].some(({ jobId }) => jobId === job.job_id)) continue
    const row = { jobId: job.job_id, job, requestId, at: database.now(), takenUntil: 0, held: null }
    submissions.set(++own.submitted, row)
  }
  for (const wake of intakes) queueMicrotask(wake)
}

/** The submissions of `job_queue_incoming`. */
export function openSubmissions(
  { submissions }: MemoryQueue,
  limit: number,
  again: boolean,
  now: Micros,
): readonly SubmissionRow[] {
  const open = [...submissions].filter(
    ([, { takenUntil, held, requestId }]) =>
      takenUntil <= now || (held === null ? !requestId.startsWith('call:') : again),
  )
  // None passes one that another process is deciding.
  const reserved = open.findIndex(([, { takenUntil, held }]) => held === null && takenUntil > now)
  const free = open.slice(0, Math.min(limit, reserved < 0 ? limit : reserved))
  for (const [, row] of free) row.takenUntil = now + TAKEN
  return free.map(([id, { job }]) => ({ id, job }))
}

/** `job_queue_list_submissions`. */
export const listedSubmissions = ({ submissions }: MemoryQueue, after: number): readonly ListedSubmission[] =>
  [...submissions].filter(([id]) => id > after).map(([id, { job, at }]) => ({ id, job, at }))

/** `job_queue_settle`. */
export function settleSubmissions(
  queue: MemoryQueue,
  { known, held }: SettledSubmissions,
  now: Micros,
): void {
  const { submissions } = queue
  for (const id of known) noteInCall(queue, submissions.get(id), 'known')
  for (const id of known) submissions.delete(id)
  for (const { id, code, message } of held) {
    const row = submissions.get(id)
    if (row !== undefined) Object.assign(row, { held: { code, message }, takenUntil: now + HELD })
  }
  const alone = [...submissions.values()].filter((row) => row.held?.code === 'parent_unknown')
  const circle = circleIn(
    alone.map((row) => ({ jobId: row.jobId, after: parentsOf(row).map((job) => ({ job })) })),
  )
  if (circle === undefined) return
  const { code, message } = circular(circle)
  for (const row of alone) if (circle.includes(row.jobId)) row.held = { code, message }
}

function parentsOf({ job }: MemorySubmission): readonly string[] {
  const { after } = fieldsOf(job)
  const parents = Array.isArray(after) ? after : []
  return parents.map((parent) => String(typeof parent === 'string' ? parent : fieldsOf(parent)['job']))
}

/** `job_queue_cancel_submitted`. */
export function cancelSubmitted(queue: MemoryQueue, jobId: string, now: Micros): boolean {
  const { submissions, cancelled } = queue
  const [id, row] = [...submissions].find(([, each]) => each.jobId === jobId) ?? []
  noteInCall(queue, row, 'cancelled')
  if (id !== undefined) cancelled.set(jobId, now)
  return id !== undefined && submissions.delete(id)
}

/** `job_queue_cancel_submitted_after`. */
export function cancelSubmittedAfter(
  queue: MemoryQueue,
  jobIds: readonly string[],
  now: Micros,
): readonly string[] {
  const before = new Set(jobIds)
  const isAfter = (row: MemorySubmission) =>
    !before.has(row.jobId) && parentsOf(row).some((id) => before.has(id))
  const found: string[] = []
  for (let next = [...queue.submissions.values()].find(isAfter); next !== undefined; ) {
    before.add(next.jobId)
    found.push(next.jobId)
    next = [...queue.submissions.values()].find(isAfter)
  }
  return found.filter((jobId) => cancelSubmitted(queue, jobId, now))
}

/** What `job_queue_forget` takes out of what SQL has put in. */
export function forgetSubmitted({ submissions, inbox }: MemoryQueue, jobId: string): void {
  for (const [id, row] of submissions)
    if (row.jobId === jobId) submissions.set(id, { ...row, job: without(row.job, 'payload') })
  for (const [id, request] of inbox)
    if (fieldsOf(request.command)['job_id'] === jobId)
      inbox.set(id, { ...request, command: without(request.command, 'result', 'error') })
}

const without = (json: Json, ...gone: readonly string[]): Json =>
  Object.fromEntries(Object.entries(fieldsOf(json)).filter(([field]) => !gone.includes(field)))

/** `job_queue_open_requests`. */
export function openRequests({ inbox }: MemoryQueue, limit: number, now: Micros): readonly InboxRequest[] {
  const free = [...inbox].filter(([, { answer, takenUntil }]) => answer === null && takenUntil <= now)
  return free.slice(0, limit).map(([requestId, request]) => {
    request.takenUntil = now + TAKEN
    return { requestId, command: request.command }
  })
}

/** `job_queue_answer_requests`. */
export function answerRequests({ inbox }: MemoryQueue, answers: readonly InboxAnswer[], now: Micros): void {
  for (const { requestId, answer } of answers) {
    const request = inbox.get(requestId)
    if (request?.answer !== null) continue
    request.answer = answer
    request.answeredAt = now
    request.takenUntil = 0
  }
}

/** True if the inbox has a command that no process is deciding. */
export function isRequested({ inbox, submissions }: MemoryQueue, now: Micros): boolean {
  const isOpen = [...inbox.values()].some(({ answer, takenUntil }) => answer === null && takenUntil <= now)
  return isOpen || [...submissions.values()].some(({ takenUntil }) => takenUntil <= now)
}

/** The jobs that these events start although they are to be cancelled: see `job_queue_append`. */
export function cancelledBefore(queue: MemoryQueue, events: readonly RecordedEvent[]): readonly string[] {
  if (queue.inbox.size === 0) return []
  const started = new Set(events.flatMap((event) => (event.type === 'started' ? [event.jobId] : [])))
  const asked = [...queue.inbox.values()].flatMap(({ command, answer }) => {
    const { type, job_id: jobId, queued_at: life } = fieldsOf(command)
    if (answer !== null || type !== 'cancel' || typeof jobId !== 'string' || !started.has(jobId)) return []
    return life === undefined || life === queue.jobs.get(jobId)?.queued_at ? [jobId] : []
  })
  return [...new Set(asked)]
}

function fieldsOf(command: Json): { readonly [field: string]: Json } {
  return typeof command === 'object' && command !== null && !Array.isArray(command)
    ? (command as { readonly [field: string]: Json })
    : {}
}

/** The ids of the jobs that a command names. */
function namedBy(command: Json): readonly string[] {
  const { job_id: jobId, job, jobs } = fieldsOf(command)
  const specs = [...(Array.isArray(jobs) ? jobs : []), job ?? null].map(fieldsOf)
  const ids = [jobId, ...specs.map((spec) => spec['job_id'] ?? spec['jobId'])]
  return ids.filter((id) => typeof id === 'string')
}

/** Why a command was refused that would have put jobs in line; null: it was not, or is undecided. */
function refusalOf({ command, answer, answeredAt }: MemoryRequest): SubmittedCommand['refusal'] {
  const { ok, code, message } = fieldsOf(answer)
  if (ok !== false || fieldsOf(command)['type'] !== 'enqueue') return null
  return { code: String(code), message: String(message), at: answeredAt }
}

const isShown = (request: MemoryRequest): boolean => request.answer === null || refusalOf(request) !== null

/** The commands of `job_queue_of_job`: those that name the job, the newest first. */
export function commandsOf({ inbox, submissions }: MemoryQueue, jobId: string): readonly SubmittedCommand[] {
  const submitted = [...submissions.values()]
    .filter((row) => row.jobId === jobId)
    .map(({ requestId, at, held }) => ({ requestId, type: 'enqueue', at, refusal: null, held }))
  const commands = [...inbox]
    .filter(([, request]) => isShown(request) && namedBy(request.command).includes(jobId))
    .map(([requestId, request]) => ({
      requestId,
      type: String(fieldsOf(request.command)['type']),
      at: request.at,
      refusal: refusalOf(request),
      held: null,
    }))
    .reverse()
    .slice(0, 20)
  return [...commands, ...submitted]
}

/** `job_queue_submitted`. */
export function submittedIn(queue: MemoryQueue, limit: number): Submitted {
  const all = [...queue.inbox].filter(([, request]) => isShown(request))
  const open = all.filter(([, { answer }]) => answer === null)
  const refused = all.flatMap(([requestId, request]) => refusedJobs(queue, requestId, request)).reverse()
  const jobs = open.flatMap(([requestId, { command, at }]): SubmittedJob[] => {
    const submits = ['enqueue', 'start'].includes(String(fieldsOf(command)['type']))
    const undecided = { state: 'submitted', code: 'undecided', at, requestId, message: null } as const
    return submits ? namedBy(command).map((jobId) => ({ jobId, ...undecided })) : []
  })
  const submitted = [...queue.submissions.values()]
  const own = submitted.map(({ jobId, requestId, at, held }): SubmittedJob => {
    const { code, message } = held ?? { code: 'undecided', message: null }
    return { jobId, state: 'submitted', code, at, requestId, message }
  })
  const times = [...open.slice(0, 1).map(([, { at }]) => at), ...submitted.slice(0, 1).map(({ at }) => at)]
  const commands = open.length + new Set(submitted.map(({ requestId }) => requestId)).size
  return {
    undecided: { commands, rows: 0, oldestAt: times.length === 0 ? null : Math.min(...times) },
    refused: { commands: new Set(refused.map(({ requestId }) => requestId)).size, rows: 0 },
    jobs: [...[...jobs, ...own].slice(0, limit), ...refused.slice(0, limit)],
  }
}

/** The jobs of a refused command that have not come in since. */
function refusedJobs({ log }: MemoryQueue, requestId: string, request: MemoryRequest): SubmittedJob[] {
  const refusal = refusalOf(request)
  if (refusal === null) return []
  const cameIn = (jobId: string) =>
    log.some((event) => event.type === 'queued' && event.jobId === jobId && event.at > refusal.at)
  const ids = namedBy(request.command).filter((jobId) => !cameIn(jobId))
  return ids.map((jobId) => ({ jobId, state: 'refused', requestId, ...refusal }))
}
