import { invalidInput, MICROS_PER_SECOND, type Micros } from '../core/index.ts'
import type { Point } from '../history/index.ts'
import { beginningAt, endingAt, type Opened, orCut } from '../history/parts.ts'

export interface PeriodOptions {
  /** From there, with that event: a point of the log; 24 hours ago unless given. */
  readonly since?: Point | undefined
  /** To there, with that event or all of that time; now unless given. */
  readonly until?: Point | undefined
}

/** A stretch of the log: events after `after`, up to and with `upTo`; and its times. */
export interface Period {
  readonly after: number
  readonly upTo: number
  readonly from: Micros
  readonly to: Micros
}

const DAY: Micros = 86_400 * MICROS_PER_SECOND

/**
 * The stretch that the options name; it begins with the first event that can be read at the earliest.
 * @throws InterlockError `invalid_input` when there is no event in it
 */
export async function periodOf(access: Opened, { since, until }: PeriodOptions): Promise<Period> {
  const { store, queue } = access
  const { version, now, events, archivedSeq } = await store.read(queue, 0, 1)
  // Where the first ones are gone, the first that are left.
  const [first] = events.length > 0 ? events : (await store.read(queue, archivedSeq, 1)).events
  const begin = await beginningAt(access, 'since', since ?? { from: now - DAY, to: now - DAY })
  const end = until === undefined ? { seq: version, at: now } : await endingAt(access, 'until', until)
  const firstAt = first?.at ?? now
  const period = {
    after: await orCut(access, begin.seq),
    upTo: end.seq,
    from: Math.max(firstAt, begin.at),
    to: Math.max(firstAt, end.at),
  }
  if (period.after < period.upTo && period.from < period.to) return period
  throw invalidInput(
    `the log of queue ${queue} has no event in that time; look with: interlock log, or give another --since`,
    'since',
  )
}
