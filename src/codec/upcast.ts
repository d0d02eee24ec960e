import { InterlockError } from '../core/index.ts'
import { SCHEMA_VERSION } from './wire.ts'

type Row = Readonly<Record<string, unknown>>

/** How a row of version n becomes one of version n + 1. When a shape changes, its old rows get their entry here. */
const steps: Readonly<Record<number, (row: Row) => Row>> = {}

/**
 * A row in the current shape, whichever release wrote it.
 *
 * @throws InterlockError `unknown_event` when a newer release wrote it
 */
export function upcast(row: unknown): unknown {
  const version = (row as Row | null | undefined)?.['schema_version']
  if (version === undefined || version === null || version === SCHEMA_VERSION) return row
  if (typeof version !== 'number' || version > SCHEMA_VERSION) throw tooNew(row as Row, version)
  let current = row as Row
  for (let from = version; from < SCHEMA_VERSION; from++) current = steps[from]?.(current) ?? current
  return current
}

function tooNew(row: Row, version: unknown): InterlockError {
  const seq = String(row['seq'])
  return new InterlockError(
    'unknown_event',
    `event ${seq} of the log has the shape ${String(version)}, this release reads shapes up to ${SCHEMA_VERSION}; upgrade interlock-queue`,
    { seq: Number(seq), version: Number(version) },
  )
}
