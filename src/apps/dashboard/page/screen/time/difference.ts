import { jobOf, type Ledger } from '../../../../../engine/core/index.ts'

/** What differs between two moments of a queue. */
export interface Difference {
  readonly came: readonly string[]
  readonly started: readonly string[]
  /** Was running, and waits again. */
  readonly back: readonly string[]
  readonly gone: readonly string[]
  /** Jobs that are in line at both moments, at different places. */
  readonly moved: readonly { readonly jobId: string; readonly from: number; readonly to: number }[]
}

/** @param before the earlier moment */
export function differenceOf(before: Ledger, after: Ledger): Difference {
  const came: string[] = []
  const started: string[] = []
  const back: string[] = []
  const moved: { jobId: string; from: number; to: number }[] = []
  for (const job of after.jobs) {
    const was = jobOf(before, job.jobId)
    if (was === undefined || was.queuedAt !== job.queuedAt) came.push(job.jobId)
    if (job.active && was?.active !== true) started.push(job.jobId)
    if (!job.active && was?.active === true) back.push(job.jobId)
  }
  const gone = [...before.jobs]
    .filter(({ jobId }) => jobOf(after, jobId) === undefined)
    .map(({ jobId }) => jobId)
  let at = 0
  for (const { jobId } of after.line) {
    const was = jobOf(before, jobId)
    const from = was === undefined || was.active ? -1 : before.line.rank(was.place)
    if (
      from >= 0 &&
      before.line.get(was?.place ?? { level: 0, order: 0, tie: 0, hash: 0, jobId })?.jobId === jobId &&
      from !== at
    )
      moved.push({ jobId, from, to: at })
    at++
  }
  return { came, started, back, gone, moved }
}
