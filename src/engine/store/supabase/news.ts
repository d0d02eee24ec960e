import * as z from 'zod'
import type { RecordedEvent } from '../../core/index.ts'
import { decodeEvents, encodeEvent } from '../../events/index.ts'
import type { News } from '../index.ts'

/** The most events that a message brings, and the most bytes of JSON, as in `job_queue_wake`. With more, the others read. */
const MOST = { events: 64, bytes: 7_000 }

const newsShape = z.object({
  after: z.int().min(0),
  at: z.int(),
  version: z.int(),
  epoch: z.int(),
  events: z.array(z.unknown()).transform((rows) => decodeEvents(rows)),
})

/** The news in a message of `job_queue_wake`, or of another process. Undefined: there are none, or they cannot be read. */
export function newsIn(given: unknown): News | undefined {
  if (given === undefined || given === null) return undefined
  try {
    const { events, ...news } = newsShape.parse(given)
    return { ...news, events: () => events }
  } catch {
    // A newer release may send other events: this process reads the log, which says so.
    return undefined
  }
}

/** News as a message brings them; undefined if they are too long for one. */
export function newsMessage(sent: News | undefined): Readonly<Record<string, unknown>> | undefined {
  if (sent === undefined) return undefined
  const { events, ...news } = sent
  const message = { ...news, events: events().map(encodeEvent) }
  return Buffer.byteLength(JSON.stringify(message)) <= MOST.bytes ? message : undefined
}

/** The last events that this process has sent or seen, without a gap: what it tells the others of its own appends. */
export class RecentEvents {
  #events: readonly RecordedEvent[] = []

  see(events: readonly RecordedEvent[]): void {
    const known = this.#events.at(-1)?.seq ?? 0
    const isNext = (events[0]?.seq ?? 0) <= known + 1
    const all = isNext ? [...this.#events, ...events.filter(({ seq }) => seq > known)] : events
    this.#events = all.slice(-(MOST.events + 1))
  }

  /** For those who know the log up to `after`, everything up to `version`. Undefined: this process does not know all of it. */
  between(after: number, version: number): News | undefined {
    const from = this.#events.findIndex(({ seq }) => seq === after)
    const to = this.#events.findIndex(({ seq }) => seq === version)
    const last = this.#events[from]
    if (last === undefined || to <= from) return undefined
    // The epoch is not known here. Zero claims nothing: the time of the last known event shows whether it is the same log.
    const events = this.#events.slice(from + 1, to + 1)
    return { after, at: last.at, version, epoch: 0, events: () => events }
  }
}
