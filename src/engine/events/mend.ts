import {
  bounds,
  type EventType,
  failureCodes,
  isInterlockError,
  type RecordedEvent,
  reasonCodes,
  requeueReasons,
} from '../core/index.ts'
import { decodeEvent } from './decode-event.ts'
import { placeholderOf } from './voids.ts'

type Data = Readonly<Record<string, unknown>>
/** The nearest readable value; undefined: none, and the field is left out. */
type Mend = (value: unknown, row: Data) => unknown

const last = Number.MAX_SAFE_INTEGER
const within = (least: number, most: number, otherwise: unknown): Mend => {
  return (value) =>
    typeof value === 'number' ? Math.round(Math.max(least, Math.min(value, most))) + 0 : otherwise
}
const oneOf = (words: readonly string[], otherwise: string): Mend => {
  return (value) => (words.includes(String(value)) ? value : otherwise)
}
const time = within(0, last, undefined)
const real: Mend = (value) => (typeof value === 'number' ? value : 0)

/** Fields in which releases up to 0.1 wrote unreadable values, by the type of the event. */
const mends: Readonly<Partial<Record<EventType, Readonly<Record<string, Mend>>>>> = {
  failed: { code: oneOf(failureCodes, 'handler_error') },
  requeued: { reason: oneOf(requeueReasons, 'later'), run_at: time },
  blocked: { reason: oneOf(reasonCodes, 'behind_in_line') },
  conflict: { reason: oneOf(reasonCodes, 'behind_in_line') },
  queued: { priority: within(-bounds.priority, bounds.priority, undefined), run_at: time },
  model_paused: { until: time },
  detached: { until: time },
  reprioritized: {
    priority: within(-bounds.priority, bounds.priority, 0),
    level: real,
    order: (value, row) => (typeof value === 'number' ? within(-last, last, 0)(value, row) : row['at']),
    tie: (value, row) => (typeof value === 'number' ? value : row['seq']),
  },
}

/** How to read an unreadable event from now on. */
export interface Mended {
  /** The data to read instead; null: it counts as nothing. */
  readonly as: Data | null
  readonly event: RecordedEvent
}

/**
 * The readable event nearest to an unreadable one: the same, with the nearest value in each field that is out of bounds. So what
 * came after it still follows from it. If there is none, nothing.
 * @throws InterlockError `corrupt_log` if it lacks even a number, a time and a command
 */
export function mend(row: unknown): Mended {
  const { event_type: type, data } = row as Data
  const fields = mends[type as EventType]
  if (fields !== undefined && typeof data === 'object' && data !== null) {
    const as = mendedData(data as Data, fields, row as Data)
    const event = readable({ ...(row as Data), data: as })
    if (event !== null) return { as, event }
  }
  return nothing(row)
}

/** The event counts as nothing. */
export const nothing = (row: unknown): Mended => ({
  as: null,
  event: decodeEvent(placeholderOf(row as Data)),
})

function mendedData(data: Data, fields: Readonly<Record<string, Mend>>, row: Data): Data {
  const entries = Object.entries(data).map(([key, value]) => [key, fields[key]?.(value, row) ?? value])
  const dropped = new Set(
    Object.keys(data).filter((key) => fields[key] !== undefined && fields[key](data[key], row) === undefined),
  )
  return Object.fromEntries(entries.filter(([key]) => !dropped.has(String(key))))
}

function readable(row: Data): RecordedEvent | null {
  try {
    return decodeEvent(row)
  } catch (error) {
    if (isInterlockError(error, 'corrupt_log')) return null
    throw error
  }
}
