import type { Command } from 'commander'
import { InterlockError, type Micros } from '../core/index.ts'
import { type ArchiveFlags, addArchiveFlag } from '../history/files/archive-file.ts'
import { orCut } from '../history/fold.ts'
import type { LogStore } from '../port/index.ts'
import type { Frame } from './frame.ts'
import { beginningAt, checkMoment, endingAt } from './since.ts'

export interface PeriodFlags extends ArchiveFlags {
  readonly since: string
  readonly until?: string
}

/** A stretch of the log: events after `after`, up to and with `upTo`; and its times. */
export interface Period {
  readonly after: number
  readonly upTo: number
  readonly from: Micros
  readonly to: Micros
}

export const addPeriodFlags = (command: Command): Command =>
  addArchiveFlag(command)
    .option(
      '--since <seq|time>',
      'from there: 24h, 14:03:07, 2026-11-24T15:00:00Z, or an event by its number',
      '24h',
    )
    .option('--until <seq|time>', 'to there, with that event or all of that second; now unless given')

/** Before anything is opened. @throws InterlockError `invalid_input` */
export function checkPeriod({ since, until }: PeriodFlags): void {
  checkMoment('--since', since)
  checkMoment('--until', until)
}

/**
 * The stretch that the flags name; it begins with the first event that can be read at the earliest.
 * @throws InterlockError `invalid_input` when there is no event in it
 */
export async function periodOf(
  frame: Frame,
  store: LogStore,
  { since, until }: PeriodFlags,
): Promise<Period> {
  const { queue } = frame
  const { version, now, events, archivedSeq } = await store.read(queue, 0, 1)
  // Where the first ones are gone, the first that are left.
  const [first] = events.length > 0 ? events : (await store.read(queue, archivedSeq, 1)).events
  const begin = await beginningAt(store, queue, '--since', since)
  const end = until === undefined ? { seq: version, at: now } : await endingAt(store, queue, '--until', until)
  const firstAt = first?.at ?? now
  const period = {
    after: await orCut(frame, store, begin.seq),
    upTo: end.seq,
    from: Math.max(firstAt, begin.at),
    to: Math.max(firstAt, end.at),
  }
  if (period.after < period.upTo && period.from < period.to) return period
  throw new InterlockError(
    'invalid_input',
    `the log of queue ${queue} has no event in that time; look with: interlock log, or give another --since`,
  )
}
