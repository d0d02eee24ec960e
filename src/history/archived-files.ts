import type { BadEvent } from './bad-event.ts'
import type { Mark } from './chain-walk.ts'

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
