import { type Dedupe, MICROS_PER_MS, type Micros } from '../values/job.ts'
import type { KeyHolder } from '../values/position.ts'
import type { Draft } from './draft.ts'
import type { Job } from './job.ts'
import type { LedgerView } from './ledger.ts'

/** A job that waits keeps its key only until it starts; {@link Dedupe}. */
const isForWaiting = (dedupe: Dedupe): boolean => dedupe.while === 'waiting' || dedupe.debounce !== undefined

const keyHolderOf = ({ jobId, queuedAt }: Job, { key, while: lasts }: Dedupe): KeyHolder => ({
  key,
  queuedAt,
  jobId,
  until: typeof lasts === 'number' ? queuedAt + lasts * MICROS_PER_MS : null,
})

/** How many jobs whose time is over lose their keys with one event: more than come with one. */
const SWEPT = 2

/** A job has come into the queue. */
export function takeKey(draft: Draft, job: Job): void {
  const { dedupe } = job.spec
  if (dedupe === undefined) return
  const holder = keyHolderOf(job, dedupe)
  draft.keys = draft.keys.insert(holder, draft.owner)
  if (holder.until !== null) draft.keyEnds = draft.keyEnds.insert(holder, draft.owner)
}

/** A job starts. */
export function keyAtStart(draft: Draft, job: Job): void {
  const { dedupe } = job.spec
  if (dedupe !== undefined && isForWaiting(dedupe)) dropKey(draft, job, dedupe)
}

/** A job that was tried waits again. */
export function keyAtReturn(draft: Draft, job: Job): void {
  const { dedupe } = job.spec
  if (dedupe !== undefined && isForWaiting(dedupe)) takeKey(draft, job)
}

/** A job is not live any more. */
export function keyAtEnd(draft: Draft, job: Job): void {
  const { dedupe } = job.spec
  if (dedupe !== undefined && typeof dedupe.while !== 'number') dropKey(draft, job, dedupe)
}

const dropKey = (draft: Draft, job: Job, dedupe: Dedupe): void => {
  draft.keys = draft.keys.remove(keyHolderOf(job, dedupe), draft.owner)
}

/** Forgets some of the jobs whose time was over before this one: their keys are free by then. */
export function sweepKeys(draft: Draft, at: Micros): void {
  for (let left = SWEPT; left > 0; left--) {
    const first = draft.keyEnds.min()
    if (first === undefined || (first.until ?? at) > at) return
    draft.keyEnds = draft.keyEnds.remove(first, draft.owner)
    draft.keys = draft.keys.remove(first, draft.owner)
  }
}

/** The job that stands for those which come with this key at this time; of several the one that came last. */
export function standInAt({ keys }: Pick<LedgerView, 'keys'>, key: string, at: Micros): string | undefined {
  let holder = keys.before({ key, queuedAt: Number.POSITIVE_INFINITY, jobId: '', until: null })
  while (holder?.key === key && holder.until !== null && holder.until <= at) holder = keys.before(holder)
  return holder?.key === key ? holder.jobId : undefined
}
