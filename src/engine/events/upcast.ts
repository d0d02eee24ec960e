import { type EventType, InterlockError } from '../core/index.ts'
import { SCHEMA_VERSION } from './event-row.ts'

type Row = Readonly<Record<string, unknown>>

/** How a row of a type at version n becomes one of version n + 1. Types that are not listed stay unchanged. */
export type Upcasters = Readonly<Record<number, Readonly<Partial<Record<EventType, (row: Row) => Row>>>>>

/**
 * When the shape of a type changes, `SCHEMA_VERSION` rises, and the step from the previous shape gets its entry here. The log
 * keeps what was written. test/fast/events/samples has rows of every version, and tests decode and fold them.
 */
const upcasters: Upcasters = {}

/**
 * A row in the current shape, written by any release.
 *
 * @throws InterlockError `unknown_event` if a newer release wrote it
 */
export const upcast = upcasting(upcasters, SCHEMA_VERSION)

/** Takes rows of any version up to `current`, step by step. */
export function upcasting(steps: Upcasters, current: number): (row: unknown) => unknown {
  return (row) => {
    const version = (row as Row | null | undefined)?.['schema_version'] ?? 1
    if (version === current) return row
    if (typeof version !== 'number' || version > current) throw tooNew(row as Row, version, current)
    let lifted = row as Row
    for (let from = version; from < current; from++)
      lifted = steps[from]?.[lifted['event_type'] as EventType]?.(lifted) ?? lifted
    return lifted
  }
}

function tooNew(row: Row, version: unknown, current: number): InterlockError {
  const seq = String(row['seq'])
  return new InterlockError(
    'unknown_event',
    `event ${seq} of the log has the shape ${String(version)}, this release reads shapes up to ${current}; upgrade interlock-queue`,
    { seq: Number(seq), version: Number(version) },
  )
}
