import {
  type HasWorker,
  type JobRow,
  jobOf,
  type Ledger,
  type Micros,
  type Waiting,
  waitingFor,
} from '../../core/index.ts'
import { isoTimeOrNull } from '../../format/index.ts'
import { inLineOrder, jobDocument } from './job.ts'

/** Live jobs as people want them: those that run, then those that wait, in line order. */
export const activeFirst = (a: JobRow, b: JobRow): number =>
  a.state === b.state ? inLineOrder(a, b) : a.state === 'active' ? -1 : 1

/** A live job, and why it waits at this moment; null: it is active. */
export interface ToldJob {
  readonly row: JobRow
  readonly waiting: Waiting | null
}

/** How to tell of a job of this ledger why it waits, as `explain` does. `hasWorker`: unless given, there is one for every kind. */
export const toldIn =
  (ledger: Ledger, now: Micros, hasWorker?: HasWorker) =>
  (row: JobRow): ToldJob => {
    const job = row.state === 'waiting' ? jobOf(ledger, row.job_id) : undefined
    return { row, waiting: job === undefined ? null : waitingFor(ledger, job, now, hasWorker) }
  }

/** A live job, why it waits, and until when where that is known. */
export type ToldDocument = ReturnType<typeof toldDocument>

export function toldDocument({ row, waiting }: ToldJob) {
  if (waiting === null) return { ...jobDocument(row), code: null, until: null }
  const { code, reason, blockedBy, until } = waiting
  return { ...jobDocument(row), code, reason, blockedBy, until: isoTimeOrNull(until) }
}
