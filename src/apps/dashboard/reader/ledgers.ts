import { ledgerNear } from '../../../engine/coordinator/replica/snapshots.ts'
import { fold, type Ledger, Replayer, snapshotLines } from '../../../engine/core/index.ts'
import { type LogStore, PAGE } from '../../../engine/store/index.ts'
import { Refused } from '../guard/refused.ts'
import type { Pages } from './pages.ts'
import type { Tail } from './tail.ts'

/** The most events to fold for a look at the past. */
const MOST_FOLDED = 200_000
/** Past ledgers that are kept, as text. */
const MOST_KEPT = 8

/** A ledger as lines of a snapshot. */
export interface WrittenLedger {
  readonly version: number
  readonly lines: string
}

/** The ledgers of a queue, each folded once for all viewers. */
export interface Ledgers {
  /** At the end of the tail. */
  head(tail: Tail): Promise<Ledger>
  /** At a number, or less than a page before it, where a page begins. @throws Refused `too_far` */
  near(at: number): Promise<WrittenLedger>
  clear(): void
}

export function ledgersOf(store: LogStore, queue: string, pages: Pages): Ledgers {
  let head: Promise<Ledger> | null = null
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
  const reach = async (known: Promise<Ledger> | null, tail: Tail): Promise<Ledger> => {
    const { version } = tail
    const from = await (known ?? ledgerNear(store, queue, version, () => {}))
    if (from.version >= version) return from
    const rest = tail.after(from.version, Number.POSITIVE_INFINITY)
    return rest === null ? foldOn(from, version) : fold(from, rest.slice(0, version - from.version)).ledger
  }

  return {
    head: (tail) => {
      const next = reach(head, tail)
      head = next
      next.catch(() => {
        if (head === next) head = null
      })
      return next
    },
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
    clear: () => {
      head = null
      past.clear()
    },
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
