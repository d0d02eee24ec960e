/** What fair keys have used, as a queue with `weights` keeps it (docs/inside/decisions/turns.md). */
import type { Micros } from '../values/job.ts'
import type { LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'

/** Jobs of one key in line that are alike: where the first of them may not start, none may. */
export interface AlikeJobs {
  readonly name: string
  readonly line: Tree<LinePosition>
}

/** What jobs with one fair key have used. Those without one are together under the empty key. */
export interface KeyUse {
  readonly key: string
  /** What attempts that ended have used, over the weight of the key, from where it began. */
  readonly settled: Micros
  /** What its running attempts are expected to use. */
  readonly expected: Micros
  /** Its virtual time: both, over its weight. */
  readonly time: Micros
  /** What its last attempts used, the last one the most; null: none has ended. */
  readonly typical: Micros | null
  readonly running: Tree<LinePosition>
  /** Its jobs in line. */
  readonly alike: Tree<AlikeJobs, Pick<AlikeJobs, 'name'>>
}

export interface FairQueue {
  /** The latest virtual time at which a job started. */
  readonly now: Micros
  /** What the last attempts of all keys used: what is expected of a key of which none has ended. */
  readonly typical: Micros
  readonly keys: Tree<KeyUse, Pick<KeyUse, 'key'>>
  /** Those with jobs in line or running, the one with the least virtual time first. */
  readonly live: Tree<KeyUse, Pick<KeyUse, 'key' | 'time'>>
  /** The others: kept since who comes back has used what it has used. */
  readonly idle: Tree<KeyUse, Pick<KeyUse, 'key' | 'time'>>
}
