import { isInterlockError } from '../core/index.ts'
import type { Mark } from './chain-walk.ts'

/** The first number of a log at which it cannot be what was written. */
export interface BadEvent {
  readonly seq: number
  readonly what: string
  /** What to do about it. */
  readonly todo: string
}

/** What to do about a log that somebody changed. */
export const restore = 'stop the workers, and restore the database from a backup of before it was changed'

/** A number of the log that has no event. */
export class Gap extends Error {
  readonly seq: number
  constructor(seq: number, next: number) {
    super(
      next > seq
        ? `event ${seq} is missing; the next one is ${next}`
        : `event ${next} comes in the place of ${seq}`,
    )
    this.seq = seq
  }
}

/** What is wrong with the log, of an error that names the event; anything else that went wrong is thrown on. */
export function badEventOf(error: unknown): BadEvent {
  if (error instanceof Gap) return { seq: error.seq, what: error.message, todo: restore }
  if (!isInterlockError(error, 'corrupt_log') && !isInterlockError(error, 'unknown_event')) throw error
  const { seq } = error.details
  if (typeof seq !== 'number') throw error
  const [what = error.message, todo] = error.message.split('; ')
  // Nobody damaged an event that a newer release wrote: its own remedy is to upgrade.
  return { seq, what, todo: error.code === 'unknown_event' && todo !== undefined ? todo : restore }
}

/** What was put in front of a log. */
export interface ArchivedFiles {
  /** The last event that is in a file: from the next one on the database has them. */
  readonly last: number
  /** The hash that the database knows of that event; null: it is on no chain there. */
  readonly mark: Mark | null
  /** The files do not say from where on they are on the chain as they were written. */
  readonly bad: BadEvent | null
}

/** What to do about files that are not what was taken out: the database is not in question then. */
export const giveAsWritten =
  'give the files as interlock archive --to wrote them; whether the database is sound is told by verify without --from-archive'
