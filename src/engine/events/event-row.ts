import { type EventType, PLACES_SINCE, policyEntries } from '../core/index.ts'
import { eventForms } from './event-table.ts'

/**
 * The newest shape of events that this release writes, from the tables of events and of the policy; 2: `voided`. A log with a higher
 * one needs a newer release.
 */
export const SCHEMA_VERSION = Math.max(
  PLACES_SINCE,
  ...eventForms.map(([, { version = 1 }]) => version),
  ...eventForms.flatMap(([, { fields }]) => Object.values(fields).map(({ since = 1 }) => since)),
  ...policyEntries.map(([, { since = 1 }]) => since),
)

/**
 * An event in the form of the SQL functions: the columns of `job_queue_log`, with `at` (microseconds) for `created_at`. Columns
 * that are null may be left out. `data` holds only what differs from the defaults, since the log keeps it for ever: 1 KB of log
 * and indexes per job is the budget.
 */
export interface EventRow {
  readonly seq: number
  readonly at: number
  readonly event_type: EventType
  readonly job_id?: string
  readonly job_type?: string
  readonly models?: readonly string[]
  readonly worker_id?: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly command_id: string
  readonly command_hash: number
  /** The version of its type's shape; 1 if left out. */
  readonly schema_version?: number
}
