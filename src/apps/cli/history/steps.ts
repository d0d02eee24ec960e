import { CoordinatorActor, type CoordinatorState } from '../../../../machines/index.ts'
import { type Ledger, type RecordedEvent, waitingCount } from '../../../engine/core/index.ts'
import { type Access, eventDocument, readEvents } from '../../../tools/history/index.ts'
import { eventLine } from '../event-text.ts'
import type { Frame } from '../frame.ts'
import { Pace } from './pace.ts'

export interface Steps {
  /** The queue before the first step. */
  readonly from: Ledger
  readonly to: number
  /** How many times faster than it happened; 0: without a pause. */
  readonly speed: number
}

/**
 * Goes through the log event by event, as the machine does, and shows each event with the state after it. Ends at `to`, or at
 * Ctrl-C.
 * @throws InterlockError `corrupt_log` for an event that the machine does not accept, with its number
 */
export async function stepThrough(frame: Frame, access: Access, { from, to, speed }: Steps): Promise<void> {
  const actor = new CoordinatorActor(from)
  const pace = new Pace(frame, speed, from.lastAt)
  try {
    for await (const event of readEvents(access, { after: from.version, upTo: to })) {
      await pace.until(event.at)
      if (frame.signal.aborted) return
      actor.feed(event)
      show(frame, event, actor)
    }
  } finally {
    actor.stop()
  }
}

function show(frame: Frame, event: RecordedEvent, { snapshot, ledger }: CoordinatorActor): void {
  const [active, waiting] = [ledger.active.size, waitingCount(ledger)]
  if (frame.json) {
    frame.print(JSON.stringify({ ...eventDocument(event), machine: snapshot.value, active, waiting }))
  } else {
    const beside = `${stateName(snapshot.value).padEnd(17)} ${String(active).padStart(3)} run ${String(waiting).padStart(5)} wait  `
    frame.print(eventLine(frame, event, { more: beside }))
  }
}

/** `draining.emptying` for a nested state. */
export const stateName = (state: CoordinatorState): string =>
  typeof state === 'string'
    ? state
    : Object.entries(state)
        .map(([outer, inner]) => `${outer}.${String(inner)}`)
        .join(' ')
