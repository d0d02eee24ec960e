import type { ScheduleView } from '../../engine/coordinator/index.ts'
import { scheduleViews } from '../../engine/coordinator/schedules/calls.ts'
import type { Ledger } from '../../engine/core/index.ts'
import { opened } from '../history/access.ts'
import type { Access } from '../history/index.ts'
import { lookAt } from './look.ts'

/** A schedule: times as ISO texts. */
export interface ScheduleDocument extends Omit<ScheduleView, 'next' | 'last'> {
  readonly next: string | null
  readonly last: string | null
}

/** What `schedules` gives: the document that `interlock schedule list --json` prints. */
export interface SchedulesDocument {
  readonly queue: string
  /** The next due one first. */
  readonly schedules: readonly ScheduleDocument[]
}

/**
 * Lists the schedules of a queue. Does not join the queue.
 * @throws InterlockError `corrupt_log`, `unknown_event`; `store_unavailable`
 */
export async function schedules(given: Access): Promise<SchedulesDocument> {
  const access = opened(given)
  return schedulesDocument(access.queue, (await lookAt(access)).ledger)
}

const schedulesDocument = (queue: string, ledger: Ledger): SchedulesDocument => ({
  queue,
  schedules: scheduleViews(ledger).map((view) => ({
    ...view,
    next: view.next?.toISOString() ?? null,
    last: view.last?.toISOString() ?? null,
  })),
})
