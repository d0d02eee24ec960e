import type { Operator, RecordedEvent } from '../../engine/core/index.ts'
import { PAGE } from '../../engine/store/index.ts'
import type { Opened } from './access.ts'
import { changedBy, type EventQuery, fitsQuery } from './event-query.ts'
import { orCut } from './fold.ts'
import { beginningAt, endingAt, type Point } from './log-point.ts'
import { operatorsBy } from './operators.ts'

/** Events that one search goes through. */
const MOST_SEARCHED = 20_000

export interface LogSearch extends Partial<EventQuery> {
  /** The points of the log between which to look, both included; all of it unless given. */
  readonly since?: Point | undefined
  readonly until?: Point | undefined
  /** Only events before this number: where the search before ended. */
  readonly before?: number | undefined
  /** How many to find. */
  readonly limit: number
  /** Whether names of people are looked up, and searched. */
  readonly withPeople: boolean
}

export interface FoundEvents {
  /** The newest first. */
  readonly events: readonly RecordedEvent[]
  /** Who acted through which process, of those that changed the queue. */
  readonly operators: ReadonlyMap<string, Operator>
  /** Where to go on; null: nothing is left to look at. */
  readonly before: number | null
}

/**
 * The last events that fit, of {@link MOST_SEARCHED} that are looked at. The next search goes on at `before`.
 * @throws InterlockError `invalid_input`; as reading does
 */
export async function searchLog(access: Opened, search: LogSearch): Promise<FoundEvents> {
  const { type = null, job = null, worker = null, operator = null, words = [], limit, withPeople } = search
  const query: EventQuery = { type, job, worker, operator, words }
  const { after, upTo } = await stretchOf(access, search)
  const lowest = Math.max(after, upTo - MOST_SEARCHED)
  const found: RecordedEvent[] = []
  const operators = new Map<string, Operator>()
  let high = upTo
  while (high > lowest && found.length < limit) {
    const low = Math.max(lowest, high - PAGE)
    const events = await eventsIn(access, low, high)
    const people = withPeople
      ? await operatorsBy(access, events.flatMap(operator === null ? changer : anybody))
      : []
    for (const [workerId, who] of people) operators.set(workerId, who)
    const fitting = events.filter((event) => fitsQuery(event, query, operators)).reverse()
    const taken = fitting.slice(0, limit - found.length)
    found.push(...taken)
    high = taken.length < fitting.length ? (taken.at(-1)?.seq ?? high) - 1 : low
    access.signal.throwIfAborted()
  }
  return {
    events: found,
    operators: new Map(found.flatMap(named(operators))),
    before: high > after ? high + 1 : null,
  }
}

const changer = (event: RecordedEvent): string | readonly string[] => changedBy(event) ?? []
const anybody = ({ workerId }: RecordedEvent): string | readonly string[] => workerId ?? []

const named =
  (operators: ReadonlyMap<string, Operator>) =>
  ({ workerId = '' }: RecordedEvent): readonly (readonly [string, Operator])[] => {
    const operator = operators.get(workerId)
    return operator === undefined ? [] : [[workerId, operator]]
  }

async function stretchOf(access: Opened, { since, until, before = Number.POSITIVE_INFINITY }: LogSearch) {
  const { version } = await access.store.rows(access.queue, 0, 1)
  const begin = since === undefined ? 0 : (await beginningAt(access, 'since', since)).seq
  const end = until === undefined ? version : (await endingAt(access, 'until', until)).seq
  return { after: await orCut(access, begin), upTo: Math.min(end, before - 1) }
}

/** A page may be shorter than asked for. */
async function eventsIn({ store, queue }: Opened, after: number, upTo: number): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = []
  for (let at = after; at < upTo; ) {
    const { events } = await store.read(queue, at, upTo - at)
    const last = events.at(-1)
    if (last === undefined) break
    all.push(...events)
    at = last.seq
  }
  return all
}
