import * as z from 'zod'
import { InterlockError } from '../core/index.ts'

type Row = Readonly<Record<string, unknown>>

/**
 * What `voided` events say of earlier events, by number: the data to read instead; null: the event counts as nothing. Stores send
 * it with every page, since a reader has to know it before it folds.
 */
export type Voids = ReadonlyMap<number, Row | null>

const none: Voids = new Map()
const data = z.record(z.string(), z.unknown())
const voids = z.array(z.tuple([z.int(), data.nullable()])).nullish()

/** From the form of the SQL functions: `[[of, as], …]`, the newest last. @throws InterlockError `corrupt_log` */
export function parseVoids(value: unknown): Voids {
  if (value === null || value === undefined) return none
  const parsed = voids.safeParse(value)
  if (parsed.success) return new Map(parsed.data)
  throw new InterlockError(
    'corrupt_log',
    'the database does not say which events are void; run `npx interlock-queue migrate` to bring its functions to this release',
  )
}

/** The row to read: if a later event says that this one is void, it is read differently. */
export function asRead(row: unknown, voids: Voids): unknown {
  const { seq } = (row ?? {}) as Row
  const as = voids.size === 0 ? undefined : voids.get(Number(seq))
  if (as === undefined) return row
  return as === null ? placeholderOf(row as Row) : { ...(row as Row), data: as }
}

/** Instead of an event that counts as nothing: it keeps its number, its time and its command. */
export function placeholderOf({ seq, at, command_id, command_hash }: Row): Row {
  return { seq, at, event_type: 'voided', data: { of: seq }, command_id, command_hash, schema_version: 2 }
}
