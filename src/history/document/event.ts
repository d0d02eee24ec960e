import type { JobSpec, RecordedEvent } from '../../core/index.ts'
import { isoTime, isoTimeOrNull } from '../../format/index.ts'

/** What a job was enqueued with: times as ISO texts. */
export type SpecDocument = ReturnType<typeof specDocument>

export const specDocument = (spec: JobSpec) => ({ ...spec, runAt: isoTimeOrNull(spec.runAt) })

/** An event with everything that is recorded: times as ISO texts. */
export type EventDocument = ReturnType<typeof eventDocument>

export function eventDocument({ at, commandHash: _, ...event }: RecordedEvent) {
  return {
    ...event,
    at: isoTime(at),
    ...('until' in event ? { until: isoTimeOrNull(event.until) } : {}),
    ...('runAt' in event ? { runAt: isoTimeOrNull(event.runAt) } : {}),
    ...('spec' in event ? { spec: specDocument(event.spec) } : {}),
  }
}
