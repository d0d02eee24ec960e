import { invalidInput, MICROS_PER_SECOND, type Micros } from '../../engine/core/index.ts'
import type { Opened } from '../history/access.ts'
import { orCut } from '../history/fold.ts'
import type { Point } from '../history/index.ts'
import { beginningAt, checkOrder, endingAt } from '../history/log-point.ts'

export interface PeriodOptions {
  /** Where the period begins: a point of the log, included; 24 hours ago unless given. */
  readonly since?: Point | undefined
  /** Where the period ends: a point of the log, included; now unless given. */
  readonly until?: Point | undefined
}

/** A part of the log, from the event after `after` up to and including `upTo`, and its times. */
export interface Period {
  readonly after: number
  readonly upTo: number
  readonly from: Micros
  readonly to: Micros
}

const DAY: Micros = 86_400 * MICROS_PER_SECOND

/**
 * The part of the log that the options name. It begins with the first readable event at the earliest.
 * @throws InterlockError `invalid_input` if it has no event
 */
export async function periodOf(access: Opened, { since, until }: PeriodOptions): Promise<Period> {
  checkOrder(since, until)
  const { store, queue } = access
  const { version, now, events, archivedSeq } = await store.read(queue, 0, 1)
  // If the first events are gone: the first one that is left.
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
    `the log of queue ${queue} has no event in that time; look with: npx interlock-queue log, or give another --since`,
    'since',
  )
}
