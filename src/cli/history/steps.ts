import { setTimeout as sleep } from 'node:timers/promises'
import { CoordinatorActor, type CoordinatorState } from '../../../machines/index.ts'
import { type Ledger, MICROS_PER_MS, type RecordedEvent, waitingCount } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import { eventDocument, eventLine } from '../event-text.ts'
import type { Frame } from '../frame.ts'
import { readLog } from '../read-log.ts'

/** Nobody wants to watch a night in which nothing happened. */
const LONGEST_PAUSE_MS = 2_000

export interface Steps {
  /** The queue before the first step. */
  readonly from: Ledger
  readonly to: number
  /** How much faster than it happened; 0: without a pause. */
  readonly speed: number
}

/**
 * Goes through the log event by event, as the machine does: what came, and where the machine stands after it. Ends at
 * `to`, or with Ctrl-C, which is how watching ends.
 * @throws InterlockError `corrupt_log` for an event that the machine does not accept, naming its number
 */
export async function stepThrough(frame: Frame, store: LogStore, { from, to, speed }: Steps): Promise<void> {
  const actor = new CoordinatorActor(from)
  let before = from.lastAt
  try {
    for await (const event of readLog(store, frame.queue, from.version, to)) {
      await pause(frame, before === 0 || speed === 0 ? 0 : (event.at - before) / MICROS_PER_MS / speed)
      if (frame.signal.aborted) return
      before = event.at
      actor.feed(event)
      show(frame, event, actor)
    }
  } finally {
    actor.stop()
  }
}

async function pause({ signal }: Frame, ms: number): Promise<void> {
  if (ms < 1) return
  await sleep(Math.min(ms, LONGEST_PAUSE_MS), undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

function show(frame: Frame, event: RecordedEvent, { snapshot, ledger }: CoordinatorActor): void {
  const [active, waiting] = [ledger.active.size, waitingCount(ledger)]
  if (frame.json) {
    frame.print(JSON.stringify({ ...eventDocument(event), machine: snapshot.value, active, waiting }))
  } else {
    const beside = `${stateName(snapshot.value).padEnd(17)} ${String(active).padStart(3)} run ${String(waiting).padStart(5)} wait  `
    frame.print(eventLine(frame, event, beside))
  }
}

/** `draining.emptying` for a state inside another. */
export const stateName = (state: CoordinatorState): string =>
  typeof state === 'string'
    ? state
    : Object.entries(state)
        .map(([outer, inner]) => `${outer}.${String(inner)}`)
        .join(' ')
