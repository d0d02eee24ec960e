/**
 * Fold: what an event does. The law says which may come when, `evolve` makes the next ledger, and rows and snapshots follow from that.
 * It may import values, state, needs and line. Nothing here decides anything.
 * Begin with `evolve.ts`, the only place where state changes.
 * @module
 */
export { evolve } from './evolve.ts'
export {
  type Ending,
  endings,
  type JobState,
  jobStateOf,
  jobStates,
  type QueueState,
  type QueueStateValue,
  queueStateOf,
  queueStates,
  queueStateValueOf,
  type Standing,
  standingOf,
  statusOf,
} from './law/state.ts'
export {
  type JobEvent,
  type JobLaw,
  type JobTarget,
  type QueueLaw,
  type Variant,
  variantOf,
  variants,
} from './law/variant.ts'
export { projectionAt, projectionChanges, projectionOf } from './projection.ts'
export { type Folded, Folder, fold, type QueueChange, Replayer, replay } from './replay.ts'
export * from './row.ts'
export type { SnapshotJobRow } from './snapshot/job-row.ts'
export { SNAPSHOT_SHAPE, snapshotKeys, snapshotRemedy } from './snapshot/parts.ts'
export { LedgerReader } from './snapshot/read.ts'
export { type SnapshotLine, snapshotLines } from './snapshot/write.ts'
export { nextOpeningAt, nextTickAt } from './timing.ts'
