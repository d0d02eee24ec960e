import { type JobRow, type Ledger, saidBy } from '../../engine/core/index.ts'
import type { WorkerRow } from '../../engine/store/index.ts'
import { isoTime } from '../format/index.ts'

/** A process, and the jobs that it runs. Past its heartbeat it has no free slots: it takes nothing. */
export interface Working extends WorkerRow {
  /** Ids of the jobs that it runs. */
  readonly running: readonly string[]
  /** The places that it has said it serves (docs/guides/gpus.md#hosts), or patterns of them; empty: it takes jobs that need none; null: it has said nothing, and may have what others serve. */
  readonly serves: readonly string[] | null
  /** How many models it keeps loaded (docs/guides/gpus.md#loaded-models), in each of its places; null: it has said nothing. */
  readonly keeps: number | null
}

/** Processes that are live or late. A dead one is listed only while it still holds jobs. Short-lived commands are not listed. */
export function whoWorks(
  workers: readonly WorkerRow[],
  active: readonly JobRow[],
  said: Pick<Ledger, 'servers' | 'keepers'>,
): readonly Working[] {
  const jobs = Map.groupBy(active, ({ worker_id: workerId }) => workerId)
  return workers
    .map((worker) => ({
      ...worker,
      freeSlots: worker.state === 'live' ? worker.freeSlots : 0,
      running: (jobs.get(worker.workerId) ?? []).map(({ job_id: jobId }) => jobId),
      ...saidBy(said, worker.workerId),
    }))
    .filter(({ state, running }) => state !== 'dead' || running.length > 0)
}

/** A process: times as ISO texts. */
export interface WorkerDocument extends Omit<Working, 'startedAt' | 'beatAt' | 'expiresAt'> {
  /** When it started. */
  readonly startedAt: string
  /** When its last heartbeat came. */
  readonly beatAt: string
  /** When it counts as lost. */
  readonly expiresAt: string
}

export const workingDocument = ({ startedAt, beatAt, expiresAt, ...worker }: Working): WorkerDocument => ({
  ...worker,
  startedAt: isoTime(startedAt),
  beatAt: isoTime(beatAt),
  expiresAt: isoTime(expiresAt),
})
