import { z } from 'zod'
import { InterlockError } from '../core/index.ts'

type Row = Readonly<Record<string, unknown>>

/**
 * What `voided` events say of events before them, by number: the data to read in the place of their own; null: the event counts as
 * nothing. Stores give it along with every page, since a reader has to know it before it folds.
 */
export type Voids = ReadonlyMap<number, Row | null>

const none: Voids = new Map()
const data = z.record(z.string(), z.unknown())
const voids = z.array(z.tuple([z.int(), data.nullable()])).nullish()

/** As the SQL functions give them: `[[of, as], …]`, the newest last. @throws InterlockError `corrupt_log` */
export function parseVoids(value: unknown): Voids {
  if (value === null || value === undefined) return none
  const parsed = voids.safeParse(value)
  if (parsed.success) return new Map(parsed.data)
  throw new InterlockError(
    'corrupt_log',
    'the database does not say which events are void; run `interlock migrate` to bring its functions to this release',
  )
}

/** The row as it is to be read: an event of which a later one says that it is void is no longer what it was. */
export function asRead(row: unknown, voids: Voids): unknown {
  const { seq } = (row ?? {}) as Row
  const as = voids.size === 0 ? undefined : voids.get(Number(seq))
  if (as === undefined) return row
  return as === null ? placeholderOf(row as Row) : { ...(row as Row), data: as }
}

/** In the place of an event that counts as nothing: it keeps its number, its time and its command. */
export function placeholderOf({ seq, at, command_id, command_hash }: Row): Row {
  return { seq, at, event_type: 'voided', data: { of: seq }, command_id, command_hash, schema_version: 2 }
}
