import * as z from 'zod'
import type { RecordedEvent } from '../../../engine/core/index.ts'
import { encodeEvent } from '../../../engine/events/index.ts'

/**
 * An archive file: JSON lines, a header and then one event a line, compressed in blocks that can be read one by one (gzip reads
 * the file as a whole). An index of the blocks follows. The header of an empty last block says where the index is; only this
 * reader looks there.
 */
export const headerSchema = z.strictObject({
  interlock: z.literal('archive'),
  format: z.literal(2),
  queue: z.string(),
  first: z.int().positive(),
  last: z.int().positive(),
  /** Events after `from` are on the hash chain, which goes on from `hash`; null: none of them is. */
  chain: z.strictObject({ from: z.int().nonnegative(), hash: z.string() }).nullable(),
})
export type ArchiveHeader = z.infer<typeof headerSchema>

/** The first event of each block, and where it begins. */
export const indexSchema = z.strictObject({ index: z.array(z.tuple([z.int(), z.int()])) })

/** @param text the text that the event's hash is made over @param hash in hexadecimal; null: it is on no chain */
export const lineOf = (text: string, hash: string | null): string =>
  hash === null ? `{"event":${text}}\n` : `{"hash":"${hash}","event":${text}}\n`

const line = /^\{(?:"hash":"([0-9a-f]{64})",)?"event":(\[.*\])\}$/

/** Null if the line is no event. */
export function partsOf(text: string): { readonly text: string; readonly hash: string | null } | null {
  const [, hash, event] = line.exec(text) ?? []
  return event === undefined ? null : { text: event, hash: hash ?? null }
}

/** An event that is on no chain, in the order of `job_queue_event_text`. */
export function textOf(queue: string, event: RecordedEvent): string {
  const row = encodeEvent(event)
  const { seq, at, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash } = row
  const job = [job_id ?? null, job_type ?? null, models ?? null]
  const rest = [worker_id ?? null, data ?? null, command_id, command_hash, row.schema_version ?? 1]
  return JSON.stringify([queue, seq, at, event_type, ...job, ...rest])
}

/** The row of the log that a text stands for, unchecked. @throws SyntaxError */
export function rowOf(text: string): { readonly queue: unknown; readonly row: Record<string, unknown> } {
  const [queue, seq, at, event_type, job_id, job_type, models, worker_id, data, ...rest] = JSON.parse(text)
  const [command_id, command_hash, schema_version] = rest
  const command = { command_id: command_id ?? '', command_hash, schema_version }
  return { queue, row: { seq, at, event_type, job_id, job_type, models, worker_id, data, ...command } }
}

/** An empty gzip member with an extra field in its header (RFC 1952 allows it): where the index begins. */
export function tailOf(indexAt: number): Buffer {
  const tail = Buffer.alloc(TAIL)
  tail.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 12, 0, ...own])
  tail.writeBigUInt64LE(BigInt(indexAt), 16)
  tail.set([3, 0], 24)
  return tail
}

/** The place of the index; null: this is not such a tail. */
export function indexAt(tail: Buffer): number | null {
  const at = tail.length === TAIL ? Number(tail.readBigUInt64LE(16)) : 0
  return tail.length === TAIL && tailOf(at).equals(tail) ? at : null
}

/** Bytes of the tail. */
export const TAIL = 34
/** "IL", and 8 bytes that follow. */
const own = [0x49, 0x4c, 8, 0]
