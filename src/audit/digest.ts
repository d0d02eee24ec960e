import { encodeEvent, sha256, toHex, utf8 } from '../codec/index.ts'
import type { RecordedEvent } from '../core/index.ts'

/**
 * SHA-256 over a log: who has the log can compute it again, and one changed byte of one event changes it. Over the
 * rows as the codec writes them, a JSON array of their values per line, so that no store and no order of keys matters.
 */
export class LogDigest {
  readonly #hash = sha256()

  push(event: RecordedEvent): void {
    const { seq, at, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash } =
      encodeEvent(event)
    const row = [
      seq,
      at,
      event_type,
      job_id,
      job_type,
      models,
      worker_id,
      sorted(data),
      command_id,
      command_hash,
    ]
    this.#hash.update(utf8(`${JSON.stringify(row.map((value) => value ?? null))}\n`))
  }

  /** Hexadecimal, of everything pushed so far; ends it. */
  finish(): string {
    return toHex(this.#hash.digest())
  }
}

/** With the keys in order, since a database may give them in any. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
