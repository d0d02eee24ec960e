import {
  fold,
  type Ledger,
  type Micros,
  type QueueChange,
  type RecordedEvent,
} from '../../../engine/core/index.ts'

/** Events further apart are looked at one after the other: who catches up sees seconds of them at once. */
export const TOGETHER: Micros = 1_000

export type Moment = Pick<QueueChange, 'events' | 'ledger' | 'touched'>

/** A change of the queue, moment by moment. @param before the queue before it */
export function momentsOf(before: Ledger, change: QueueChange): readonly Moment[] {
  const { events } = change
  const [first, last] = [events[0], events.at(-1)]
  if (first === undefined || last === undefined || last.at - first.at <= TOGETHER) return [change]
  let at = before
  return groupsOf(events).map((group) => {
    const { ledger, touched } = fold(at, group)
    at = ledger
    return { events: group, ledger, touched }
  })
}

function groupsOf(events: readonly RecordedEvent[]): readonly (readonly RecordedEvent[])[] {
  const groups: RecordedEvent[][] = []
  for (const event of events) {
    const group = groups.at(-1)
    if (group?.[0] !== undefined && event.at - group[0].at <= TOGETHER) group.push(event)
    else groups.push([event])
  }
  return groups
}
