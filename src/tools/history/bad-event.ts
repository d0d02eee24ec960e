import { isInterlockError } from '../../engine/core/index.ts'

/** The number of an event, and the hash that it carried when somebody noted it. */
export interface Anchor {
  readonly seq: number
  readonly hash: string
}

/** A known hash, and what to report if the chain has another one there. */
export interface Mark extends Anchor {
  readonly what: string
}

/** The first number of a log at which it is not what was written. */
export interface BadEvent {
  readonly seq: number
  readonly what: string
  /** What to do about it. */
  readonly todo: string
}

/** What to do about a log that was changed. */
export const restore = 'stop the workers, and restore the database from a backup of before it was changed'

/** What to do about an event that cannot be read. */
export const declareVoid =
  'stop the workers, then npx interlock-queue recover, which can declare the event void'

/** A number in the log without an event. */
export class Gap extends Error {
  readonly seq: number
  constructor(seq: number, next: number) {
    super(
      next > seq
        ? `event ${seq} is missing; the next one is ${next}`
        : `event ${next} stands where event ${seq} should be`,
    )
    this.seq = seq
  }
}

/** What is wrong with the log, from an error that names the event. Other errors are thrown on. */
export function badEventOf(error: unknown): BadEvent {
  if (error instanceof Gap) return { seq: error.seq, what: error.message, todo: restore }
  if (!isInterlockError(error, 'corrupt_log') && !isInterlockError(error, 'unknown_event')) throw error
  const { seq } = error.details
  if (typeof seq !== 'number') throw error
  const [what = error.message, todo] = error.message.split('; ')
  // An event of a newer release is not damage: the error itself says to upgrade.
  if (error.code === 'unknown_event') return { seq, what, todo: todo ?? restore }
  // The path is that of a field which cannot be read. Without one, the event can be read and cannot have happened.
  return { seq, what, todo: error.details.path === undefined ? restore : declareVoid }
}

/** Archive files that stand in front of a log. */
export interface ArchivedFiles {
  /** The last event that is in a file. The database has those after it. */
  readonly last: number
  /** The hash of that event as the database knows it; null: it is on no chain there. */
  readonly mark: Mark | null
  /** Set if the files do not say that they are on the hash chain from where they should be. */
  readonly bad: BadEvent | null
}

/** What to do about wrong archive files. The database is not in question then. */
export const giveAsWritten =
  'give the files as interlock archive --to wrote them; verify without --from-archive says whether the database is sound'
