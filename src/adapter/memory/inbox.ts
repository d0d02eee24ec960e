import type { Json, Micros, RecordedEvent } from '../../core/index.ts'
import type { InboxAnswer, InboxRequest } from '../../port/index.ts'
import { type MemoryDatabase, type MemoryQueue, queueIn } from './database.ts'

/** A row of `job_queue_inbox`. */
export interface MemoryRequest {
  readonly command: Json
  answer: Json
  takenUntil: Micros
}

const TAKEN: Micros = 2_000_000

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
  if (!inbox.has(requestId)) inbox.set(requestId, { command, answer: null, takenUntil: 0 })
  for (const wake of intakes) queueMicrotask(wake)
  return requestId
}

/** `job_queue_open_requests`. */
export function openRequests({ inbox }: MemoryQueue, limit: number, now: Micros): readonly InboxRequest[] {
  const free = [...inbox].filter(([, { answer, takenUntil }]) => answer === null && takenUntil <= now)
  return free.slice(0, limit).map(([requestId, request]) => {
    request.takenUntil = now + TAKEN
    return { requestId, command: request.command }
  })
}

/** `job_queue_answer_requests`. */
export function answerRequests({ inbox }: MemoryQueue, answers: readonly InboxAnswer[]): void {
  for (const { requestId, answer } of answers) {
    const request = inbox.get(requestId)
    if (request?.answer !== null) continue
    request.answer = answer
    request.takenUntil = 0
  }
}

/** True if the inbox has a command that no process is deciding. */
export function isRequested({ inbox }: MemoryQueue, now: Micros): boolean {
  return [...inbox.values()].some(({ answer, takenUntil }) => answer === null && takenUntil <= now)
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
