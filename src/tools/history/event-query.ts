import type { EventType, Operator, RecordedEvent } from '../../engine/core/index.ts'
import { eventDetail } from '../format/event-text.ts'
import { operatorText } from './operators.ts'

/** Events by which somebody changes the queue: for these, who it was is looked up. */
export const changes: ReadonlySet<EventType> = new Set([
  ...(['policy_changed', 'model_paused', 'model_resumed', 'drain_requested', 'resumed'] as const),
  ...(['reprioritized', 'cancel_requested', 'cancelled', 'epoch_changed', 'voided'] as const),
  ...(['schedule_set', 'schedule_removed', 'schedule_paused', 'schedule_resumed'] as const),
])

/** The process by which somebody changed the queue; null: the event is no such change, or does not say. */
export const changedBy = ({ type, workerId }: RecordedEvent): string | null =>
  changes.has(type) ? (workerId ?? null) : null

/** Which events; null restricts nothing. */
export interface EventQuery {
  /** A type; or `changes`: those by which somebody changes the queue. */
  readonly type: string | null
  readonly job: string | null
  readonly worker: string | null
  /** Who it was: a part of the name of the operator or of their host, or how the id of the process begins; in upper or lower case. */
  readonly operator: string | null
  /** Words to find in the job, the process, the command, or the details of the event. */
  readonly words: readonly string[]
}

/** @param operators who acted through which process, as far as it is known */
export function fitsQuery(
  event: RecordedEvent,
  { type, job, worker, operator, words }: EventQuery,
  operators: ReadonlyMap<string, Operator> = new Map(),
): boolean {
  if (type !== null && event.type !== type && !(type === 'changes' && changes.has(event.type))) return false
  const jobId = 'jobId' in event ? event.jobId : ''
  if (job !== null && jobId !== job) return false
  const { workerId = '', commandId } = event
  if (worker !== null && workerId !== worker) return false
  if (operator !== null && !isBy(event, operator.toLowerCase(), operators.get(workerId))) return false
  if (words.length === 0) return true
  const text = `${event.type} ${jobId} ${workerId} ${commandId} ${eventDetail(event)}`.toLowerCase()
  return words.every((word) => text.includes(word.toLowerCase()))
}

/** Ids of processes end in lots, in which a short name may stand. */
const isBy = (
  { workerId = '', commandId }: RecordedEvent,
  name: string,
  who: Operator | undefined,
): boolean =>
  [workerId, commandId].some((id) => id.toLowerCase().startsWith(name)) ||
  (who !== undefined && operatorText(who).toLowerCase().includes(name))
