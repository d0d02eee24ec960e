/** The part of a log that is audited. An append is judged when all of it was seen, so a part has whole appends. */
import type { RecordedEvent } from '../../engine/core/index.ts'
import { PAGE, pagesAfter } from '../../engine/store/index.ts'
import type { Opened } from '../history/access.ts'
import { orCut } from '../history/fold.ts'
import type { Point } from '../history/index.ts'
import { beginningAt, endingAt } from '../history/log-point.ts'

export interface AuditOptions {
  /**
   * Where the audit begins: a point of the log, with the whole append that it lies in. What is before is not read, and the state that it led to
   * is taken as true. The whole log unless given.
   */
  readonly since?: Point | undefined
  /** Where it ends: a point of the log, with the whole append that it lies in; the end of the log unless given. */
  readonly until?: Point | undefined
}

/** The last event before the audit; 0: it begins with the first one. @throws InterlockError `invalid_input` */
export async function beforeAudit(access: Opened, since: Point): Promise<number> {
  const { seq } = await beginningAt(access, 'since', since)
  return beforeAppend(access, await orCut(access, seq))
}

/** The last event of the audit; undefined: the end of the log. @throws InterlockError `invalid_input` */
export async function lastAudited(access: Opened, until: Point | undefined): Promise<number | undefined> {
  if (until === undefined) return undefined
  const { seq } = await endingAt(access, 'until', until)
  return endOfAppend(access, seq)
}

/** The events of an append are a microsecond apart. */
const isOneAppend = (before: RecordedEvent | undefined, { at }: RecordedEvent): boolean =>
  at - 1 === before?.at

/** Goes back from an event to the last one before the append of the next event. */
async function beforeAppend({ store, queue }: Opened, seq: number): Promise<number> {
  const { rows: first, archivedSeq, version } = await store.rows(queue, 0, 1)
  if (seq >= version) return seq
  const begin = first.length > 0 ? 0 : archivedSeq
  for (let last = seq; last > begin; ) {
    const from = Math.max(begin, last + 1 - PAGE)
    const { events } = await store.read(queue, from, last + 1 - from)
    const found = events.findLast((event, at) => at > 0 && !isOneAppend(events[at - 1], event))
    if (found !== undefined) return found.seq - 1
    last = from
  }
  return begin
}

/** Goes on from an event to the last one of its append. */
async function endOfAppend({ store, queue }: Opened, seq: number): Promise<number> {
  if (seq === 0) return 0
  let last: RecordedEvent | undefined
  for await (const { events } of pagesAfter(store, queue, seq - 1))
    for (const event of events) {
      if (last !== undefined && !isOneAppend(last, event)) return last.seq
      last = event
    }
  return last?.seq ?? seq
}
