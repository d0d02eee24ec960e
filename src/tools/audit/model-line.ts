import { type AuditedJob, byPlace } from './job.ts'
import { Sorted } from './sorted.ts'

/** One model: who has it, and who waits for it. */
export interface ModelLine {
  readonly name: string
  readonly holders: Set<AuditedJob>
  readonly line: Sorted<AuditedJob>
  /** The jobs in line that the model is kept for. */
  readonly kept: Sorted<AuditedJob>
  /** The jobs in line that this model had no place for when they were last looked at. */
  readonly parked: Sorted<AuditedJob>
}

export function modelLine(name: string): ModelLine {
  const sorted = () => new Sorted<AuditedJob>(byPlace)
  return { name, holders: new Set(), line: sorted(), kept: sorted(), parked: sorted() }
}
