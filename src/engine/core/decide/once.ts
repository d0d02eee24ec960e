import type { Scribe } from '../dispatch/scribe.ts'
import type { Refusal } from '../values/command.ts'
import type { RecordedEvent } from '../values/event.ts'
import { type JobSpec, MICROS_PER_MS } from '../values/job.ts'
import { holdsAt, type OnceRecord, onceRecordOf } from '../values/once.ts'
import { operand } from '../values/safe-text.ts'
import { refused } from './result.ts'
import { bodyOf, isSamePayload } from './same-job.ts'

/**
 * The job that was enqueued `once` under the id of this one, which asks for that too, and is not live. Either a command before this one
 * was decided in the same breath, or the store has said so when it refused an append.
 */
export function takenBefore({ taken, surroundings, now }: Scribe, spec: JobSpec): OnceRecord | undefined {
  if (spec.once === undefined) return undefined
  const record = taken.once.get(spec.jobId) ?? surroundings.once?.get(spec.jobId)
  return record !== undefined && holdsAt(record, now) ? record : undefined
}

/** For the commands decided in the same breath: no store knows it yet. */
export function rememberOnce({ taken }: Scribe, event: RecordedEvent): void {
  const record = onceRecordOf(event)
  if (record !== undefined) taken.once.set(record.jobId, record)
}

/** Another job may not come under that id; the same one was put in line before. */
export function refuseOther(record: OnceRecord, spec: JobSpec): Refusal | undefined {
  const isSameBody = record.body === bodyOf(spec)
  if (isSameBody && isSamePayload(record, spec)) return undefined
  const { jobId, until } = record
  const free = until === null ? '' : `, or wait until ${new Date(until / MICROS_PER_MS).toISOString()}`
  return refused(
    'job_exists',
    `job ${jobId} was enqueued once, with another ${isSameBody ? 'payload' : 'spec'}; use another id${free}`,
  )
}

/** For the gate: the job was there before, and nobody runs it again. */
export const endedOnce = (record: OnceRecord, spec: JobSpec): Refusal =>
  refuseOther(record, spec) ??
  refused(
    'job_not_live',
    `job ${spec.jobId} was enqueued once, and has ended; see how: \`npx interlock-queue explain ${operand(spec.jobId)}\``,
  )
