import { type JobSpec, jobTypes, type RecordedEvent, reasonCodes } from '../core/index.ts'

const types: ReadonlySet<unknown> = new Set(jobTypes)
const reasons: ReadonlySet<unknown> = new Set(reasonCodes)

/**
 * True only for an event that reads back unchanged: of a common kind, with nothing unusual about it. This check costs a twentieth
 * of writing the event and reading it back, which is done for all other events.
 */
export function isPlainEvent(event: RecordedEvent): boolean {
  if (!isRecorded(event) || ('jobId' in event && !isText(event.jobId))) return false
  switch (event.type) {
    case 'queued':
      return (
        isPlainSpec(event.spec, event.jobId) &&
        isFlag(event.asked) &&
        isTrue(event.intake) &&
        isTrue(event.named)
      )
    case 'started':
      return isText(event.workerId) && isCount(event.attempt) && areTexts(event.models)
    case 'completed':
      return isCount(event.token)
    case 'blocked':
    case 'conflict':
      return reasons.has(event.reason) && isTextOrNull(event.blockedBy) && isTextOrNull(event.model)
    default:
      return false
  }
}

function isRecorded({ seq, at, commandId, commandHash, workerId, offers }: RecordedEvent): boolean {
  return (
    isCount(seq) &&
    Number.isSafeInteger(at) &&
    isSound(commandId) &&
    Number.isSafeInteger(commandHash) &&
    (workerId === undefined || isText(workerId)) &&
    (offers === undefined || areTexts(offers))
  )
}

function isPlainSpec(spec: JobSpec, jobId: string): boolean {
  return (
    spec?.jobId === jobId &&
    types.has(spec.jobType) &&
    isText(spec.kind) &&
    areTexts(spec.models) &&
    spec.priority === 0 &&
    spec.runAt === null &&
    isCount(spec.attempts) &&
    isCount(spec.timeoutMs) &&
    (spec.expireMs === null || isCount(spec.expireMs)) &&
    isTextOrNull(spec.fairKey) &&
    isTrue(spec.hasData) &&
    (spec.payloadHash === undefined || isHash(spec.payloadHash))
  )
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1
const isHash = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isTrue = (value: unknown): boolean => value === undefined || value === true
const isFlag = (value: unknown): boolean => value === undefined || typeof value === 'boolean'
const isText = (value: unknown): boolean => isSound(value) && (value as string).length > 0
const isTextOrNull = (value: unknown): boolean => value === null || isText(value)

/** A text that jsonb accepts: no NUL, no half of a surrogate pair. */
export function isSound(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
}

function areTexts(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const text of value) if (!isText(text)) return false
  return true
}
