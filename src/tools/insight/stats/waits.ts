import { fold, type Ledger, type Micros, type RecordedEvent } from '../../../engine/core/index.ts'
import { checkCall, checkEvents, checkLedger, readingEvent } from '../../../engine/events/index.ts'
import type { Wait } from './followed-wait.ts'
import { WaitClocks } from './wait-clocks.ts'

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
