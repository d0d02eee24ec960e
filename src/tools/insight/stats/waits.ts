import {
  fold,
  type Ledger,
  type Micros,
  type ReasonCode,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { checkCall, checkEvents, checkLedger, readingEvent } from '../../../engine/events/index.ts'
import type { WaitCause } from './cause.ts'
import { WaitClocks } from './wait-clocks.ts'

/** One wait of a job, from its coming into the queue, or back, to its start or its end; of one that began earlier, the rest. */
export interface Wait {
  readonly jobId: string
  /** When it began; earlier than `from` if nobody followed it then. */
  readonly since: Micros
  readonly from: Micros
  readonly to: Micros
  /** Whether an attempt began then; else it was cancelled, expired, or goes on. */
  readonly ended: 'started' | 'ended' | 'open'
  /** How long it waited for what, in microseconds: together `to − from` exactly. */
  readonly byCause: Readonly<Partial<Record<WaitCause, Micros>>>
  /** What it waited for, in order, each part from the end of the one before it; the last 32, where there are more. */
  readonly parts: readonly WaitPart[]
}

/** A part of a wait, for one thing. */
export interface WaitPart {
  readonly from: Micros
  readonly to: Micros
  readonly code: ReasonCode
  readonly cause: WaitCause
  /** The model and the job that it was for, where there are. */
  readonly model: string | null
  readonly blockedBy: string | null
}

/**
 * Every wait in a stretch of a log, split by what it was for.
 * @param before the queue when the stretch begins, at `from`
 * @throws InterlockError `invalid_input`, naming the path; `corrupt_log` for events that do not go on from there
 * @example for (const { byCause } of splitWaits(emptyLedger, events, { from, to })) console.log(byCause.model)
 */
export function splitWaits(
  before: Ledger,
  events: Iterable<RecordedEvent>,
  period: { readonly from: Micros; readonly to: Micros },
): readonly Wait[] {
  checkLedger(before, 'before')
  checkEvents(events)
  checkCall('splitWaits', period)
  const waits: Wait[] = []
  const onWait = (wait: Wait) => void waits.push(plain(wait))
  const clocks = new WaitClocks({ onWait, tellsParts: true })
  clocks.begin(before, period.from)
  let ledger = before
  const see = (event: RecordedEvent) => {
    clocks.note(event)
    const folded = fold(ledger, [event])
    ledger = folded.ledger
    clocks.look(ledger, folded.touched, event.at)
  }
  let at = 0
  for (const event of events) readingEvent(event, `events[${at++}]`, see)
  clocks.finish(period.to)
  return waits
}

/** What is known of a wait when it ends: the spells of a line are not kept for ever. */
const plain = ({ jobId, since, from, to, ended, byCause, parts }: Wait): Wait => ({
  jobId,
  since,
  from,
  to,
  ended,
  byCause,
  parts,
})
