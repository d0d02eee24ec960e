import { ledgerNear } from '../../../engine/coordinator/replica/snapshots.ts'
import { type Ledger, Replayer, snapshotLines } from '../../../engine/core/index.ts'
import { type LogStore, PAGE } from '../../../engine/store/index.ts'
import { Refused } from '../guard/refused.ts'
import type { Pages } from './pages.ts'

/** The most events to fold for a look at the past. */
const MOST_FOLDED = 200_000
/** Past ledgers that are kept, as text. */
const MOST_KEPT = 8

/** A ledger as lines of a snapshot. */
export interface WrittenLedger {
  readonly version: number
  readonly lines: string
}

/** How a queue was, each ledger folded once for all viewers. */
export interface PastLedgers {
  /** At a number, or less than a page before it, where a page begins. @throws Refused `too_far` */
  near(at: number): Promise<WrittenLedger>
  clear(): void
}

export function pastLedgersOf(store: LogStore, queue: string, pages: Pages): PastLedgers {
  const past = new Map<number, Promise<WrittenLedger>>()

  const foldOn = async (from: Ledger, upTo: number): Promise<Ledger> => {
    if (upTo - from.version > MOST_FOLDED) throw tooFar(upTo)
    const replayer = new Replayer(from)
    for (let at = from.version; at < upTo; ) {
      const { events } = await pages.read(at, Math.min(PAGE, upTo - at))
      if (events.length === 0) break
      for (const event of events) replayer.push(event)
      at += events.length
    }
    return replayer.ledger()
  }

  return {
    near: (at) => {
      const page = Math.floor(at / PAGE) * PAGE
      const known = past.get(page)
      if (known !== undefined) return known
      const made = ledgerNear(store, queue, page, () => {})
        .then((from) => (from.version >= page ? from : foldOn(from, page)))
        .then(written)
      past.set(page, made)
      made.catch(() => past.delete(page))
      const [oldest] = past.keys()
      if (past.size > MOST_KEPT && oldest !== undefined) past.delete(oldest)
      return made
    },
    clear: () => past.clear(),
  }
}

export function written(ledger: Ledger): WrittenLedger {
  const lines: string[] = []
  for (const line of snapshotLines(ledger)) if (line !== null) lines.push(JSON.stringify(line))
  return { version: ledger.version, lines: lines.join('\n') }
}

const tooFar = (at: number) =>
  new Refused(
    422,
    'too_far',
    `event ${at} is more than ${MOST_FOLDED} events after the nearest snapshot; look at it with: npx interlock-queue replay --to ${at}`,
  )
