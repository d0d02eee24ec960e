import { type EventType, InterlockError } from '../core/index.ts'
import { SCHEMA_VERSION } from './wire.ts'

type Row = Readonly<Record<string, unknown>>

/** By version n and type: how a row of that type becomes one of version n + 1. A type that is not named stays as it is. */
export type Upcasters = Readonly<Record<number, Readonly<Partial<Record<EventType, (row: Row) => Row>>>>>

/**
 * When the shape of a type changes, `SCHEMA_VERSION` rises and the step from the shape before gets its entry here; the log keeps
 * what was written. Rows of every version are kept in test/codec/samples, and decoded and folded by the tests.
 */
const upcasters: Upcasters = {}

/**
 * A row in the current shape, whichever release wrote it.
 *
 * @throws InterlockError `unknown_event` when a newer release wrote it
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
