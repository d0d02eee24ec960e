import type { JobOutcome, Micros } from '../values/job.ts'
import type { JobKey, LifeKey } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'

/** A live job that another one comes after. */
export interface OpenParent extends LifeKey {
  /** `ifFailed: 'continue'`: its child runs also if it does not complete. */
  readonly goesOn: boolean
}

/** A job that another one comes after, and that has ended. */
export interface EndedParent extends JobKey {
  readonly goesOn: boolean
  readonly outcome: JobOutcome
}

/** What a live job comes after, and what comes after it. */
export interface Flow extends JobKey {
  /** Those of its parents that have not ended, as far as that has reached it. The one that was queued first comes first. */
  readonly open: Tree<OpenParent, LifeKey>
  readonly ended: Tree<EndedParent, JobKey>
  /** Jobs that have it among their open parents. */
  readonly children: Tree<JobKey>
  /** The job because of which it fails: it, or one before it, did not complete. */
  readonly failedBy: string | null
  /** Since when its fate is known; 0: it is not. */
  readonly settledAt: Micros
  /** When it was released: its position counts from then; 0: it was not. */
  readonly releasedAt: Micros
}

/** The end of a job that has not reached all of its children. */
export interface PropagatingEnd extends LifeKey {
  readonly outcome: JobOutcome
  /** Where its failure began; its own id if it completed. */
  readonly cause: string
  readonly children: Tree<JobKey>
}
