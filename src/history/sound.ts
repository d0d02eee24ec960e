import type { Frame } from '../cli/frame.ts'
import { isInterlockError, type Ledger, type RecordedEvent, Replayer } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import { firstLedger } from './fold.ts'
import { eachEvent } from './read-log.ts'

/** The first number of a log at which it cannot be what was written. */
export interface BadEvent {
  readonly seq: number
  readonly what: string
  /** What to do about it. */
  readonly todo: string
}

/** What to do about a log that somebody changed. */
export const restore = 'stop the workers, and restore the database from a backup of before it was changed'

export interface Sound {
  /** The fold of all that is sound; null when something is not. */
  readonly ledger: Ledger | null
  readonly bad: BadEvent | null
  /** The first event that was read; above 1 where those before it are gone. */
  readonly fromSeq: number
  /** The last event that was folded. */
  readonly through: number
}

export interface FoldOptions {
  /** Is shown every sound event on the way, so that the log is read once. */
  readonly alsoSee?: ((event: RecordedEvent) => void) | undefined
  /** Where it goes on from; where the log begins unless given. */
  readonly from?: Ledger
}

/** Folds a log that may have been cut or edited: in place of an error for what cannot be, the first number that is bad. */
export async function foldSound(
  frame: Frame,
  store: LogStore,
  upTo: number,
  { alsoSee = () => {}, from }: FoldOptions = {},
): Promise<Sound> {
  const first = from ?? (await firstLedger(frame, store))
  const replayer = new Replayer(first)
  let through = first.version
  const see = (event: RecordedEvent) => {
    if (event.seq !== through + 1) throw new Gap(through + 1, event.seq)
    replayer.push(event)
    through++
    alsoSee(event)
  }
  let bad: BadEvent | null = null
  // A page with an event that cannot be read is not given at all: what comes before it is read again by itself.
  for (let end = upTo; end > through; end = bad.seq - 1) {
    try {
      await eachEvent(frame, store, 'replayed', see, { after: through, upTo: end })
      break
    } catch (error) {
      bad = badEventOf(error)
    }
  }
  if (bad === null && through < upTo)
    bad = { seq: through + 1, what: `event ${through + 1} and all after it are missing`, todo: restore }
  const ledger = bad === null ? replayer.ledger() : null
  return { ledger, bad, fromSeq: first.version + 1, through }
}

class Gap extends Error {
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
