import type { Command } from 'commander'
import { InterlockError, type Micros } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import type { Frame } from './frame.ts'
import { type ArchiveFlags, addArchiveFlag } from './history/archive-file.ts'
import { orCut } from './history/fold.ts'
import { checkMoment, seqBefore, sinceTime } from './since.ts'

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
    .option('--since <seq|time>', '24h, 14:03:07, a time with its zone, or a number of the log', '24h')
    .option('--until <seq|time>', 'to there; now unless given')

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
  const begin = await borderOf(store, queue, '--since', since, now, version)
  const end =
    until === undefined
      ? { seq: version, at: now }
      : await borderOf(store, queue, '--until', until, now, version)
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

async function borderOf(
  store: LogStore,
  queue: string,
  flag: string,
  text: string,
  now: Micros,
  version: number,
) {
  if (/^\d+$/.test(text)) {
    const seq = Number(text)
    if (seq > version) {
      throw new InterlockError(
        'invalid_input',
        `${flag} ${text}: the log ends at ${version}; give a number up to that`,
      )
    }
    const [event] = seq === 0 ? [] : (await store.read(queue, seq - 1, 1)).events
    return { seq, at: event?.at ?? 0 }
  }
  const at = sinceTime(text, now, flag)
  return { seq: await seqBefore(store, queue, at), at }
}
