import { type Ledger, type RecordedEvent, Replayer } from '../../engine/core/index.ts'
import type { Opened } from './access.ts'
import { type BadEvent, badEventOf, Gap, restore } from './bad-event.ts'
import { firstLedger } from './fold.ts'
import { eachEvent } from './read-events.ts'

export interface Sound {
  /** The fold of all events; null if one of them is not sound. */
  readonly ledger: Ledger | null
  readonly bad: BadEvent | null
  /** The first event that was read. Above 1: those before it are gone. */
  readonly fromSeq: number
  /** The last event that was folded. */
  readonly through: number
}

export interface FoldOptions {
  /** Called with every sound event, so that the log is read once. */
  readonly alsoSee?: ((event: RecordedEvent) => void) | undefined
  /** The ledger to go on from; where the log begins unless given. */
  readonly from?: Ledger
}

/** Folds a log that may have been cut or edited. Returns the first bad number instead of an error. */
export async function foldSound(
  access: Opened,
  upTo: number,
  { alsoSee = () => {}, from }: FoldOptions = {},
): Promise<Sound> {
  const first = from ?? (await firstLedger(access))
  const replayer = new Replayer(first)
  let through = first.version
  const see = (event: RecordedEvent) => {
    if (event.seq !== through + 1) throw new Gap(through + 1, event.seq)
    replayer.push(event)
    through++
    alsoSee(event)
  }
  let bad: BadEvent | null = null
  // A page with an unreadable event is not returned at all, so the events before it are read again alone.
  for (let end = upTo; end > through; end = Math.min(end, bad.seq) - 1) {
    try {
      await eachEvent(access, 'replayed', see, { after: through, upTo: end })
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
