import { type AuditedJob, byPlace } from './job.ts'
import { Sorted } from './sorted.ts'

/** One model: who has it, and who waits for it. */
export interface ModelLine {
  readonly name: string
  readonly holders: Set<AuditedJob>
  readonly line: Sorted<AuditedJob>
  /** Those of the line for which the model is kept. */
  readonly kept: Sorted<AuditedJob>
  /** Those of the line for which this model had no place when they were last looked at. */
  readonly parked: Sorted<AuditedJob>
}

export function modelLine(name: string): ModelLine {
  const sorted = () => new Sorted<AuditedJob>(byPlace)
  return { name, holders: new Set(), line: sorted(), kept: sorted(), parked: sorted() }
}
