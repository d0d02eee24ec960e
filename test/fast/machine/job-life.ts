/** The machine of a job, fed by hand, beside what the ledger says of the same job. */
import { getNextSnapshot, type SnapshotFrom } from 'xstate'
import { type JobEvent, jobMachine } from '../../../machines/index.ts'
import { jobOf, jobStateOf, type Ledger, type RecordedEvent } from '../../../src/engine/core/index.ts'

export type JobSnapshot = SnapshotFrom<typeof jobMachine>

export const isOfJob = (event: RecordedEvent): event is JobEvent => 'jobId' in event

/** A job that nobody has heard of. */
export const absentJob: JobSnapshot = jobMachine.resolveState({
  value: 'absent',
  context: { seq: 0, attempt: 0, token: null, workerId: null },
})

export function feedJob(snapshot: JobSnapshot, event: JobEvent): JobSnapshot {
  if (!snapshot.can(event)) {
    throw new Error(
      `a job that is ${JSON.stringify(snapshot.value)} does not accept ${JSON.stringify(event)}`,
    )
  }
  return getNextSnapshot(jobMachine, snapshot, event)
}

export const jobAfter = (events: readonly JobEvent[]): JobSnapshot => events.reduce(feedJob, absentJob)

/** The innermost state. */
export function jobStateName({ value }: JobSnapshot): string {
  return typeof value === 'string' ? value : Object.values(value).join()
}

/** The same of the ledger, which knows live jobs only. */
export function jobStateOn(ledger: Ledger, jobId: string): string {
  const job = jobOf(ledger, jobId)
  return job === undefined ? 'not live' : jobStateOf(job)
}

/** What of the machine's state the ledger can know. */
export function liveStateName(snapshot: JobSnapshot): string {
  return snapshot.matches('waiting') || snapshot.matches('active') ? jobStateName(snapshot) : 'not live'
}
