import type { RecordedEvent } from '../../engine/core/index.ts'
import type { AuditedJob } from './job.ts'
import type { AuditedNeed } from './limits.ts'

export type AuditedStartEvent = RecordedEvent & { readonly type: 'started' }

/** A start that is judged. */
export interface AuditedStart {
  readonly job: AuditedJob
  readonly event: AuditedStartEvent
  /** It joins a batch that has what it needs. */
  readonly joins: boolean
  /** Everything that it takes, where it says that it starts. */
  readonly needs: readonly AuditedNeed[]
}
