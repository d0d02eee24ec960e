/**
 * Interlock decides which job may run now. Jobs name the models they need; two jobs that share a model never run at
 * once, every other job runs. Every transition is a row of `job_queue_log`, and everything else is rebuilt from it.
 * @example
 * import { createCoordinator } from 'interlock-queue'
 * import { pgliteStore } from 'interlock-queue/pglite'
 *
 * const coordinator = await createCoordinator({ store: pgliteStore('./.interlock') })
 * const answer = await coordinator.onJobStart('report-2041', 'normal', ['flux-dev'])
 * if (answer.allowed) await coordinator.onJobComplete('report-2041', 'normal')
 * await coordinator.close()
 * @module
 */

export * from './engine/coordinator/index.ts'
export {
  type AttemptKey,
  type BatchSize,
  type Claim,
  type CodedError,
  defaultPolicy,
  type ErrorCode,
  type ErrorDetails,
  type Explanation,
  emptyLedger,
  errorCodes,
  eventTypes,
  type FairShare,
  InterlockError,
  isInterlockError,
  type JobSpec,
  type JobType,
  type Json,
  type Lease,
  type Ledger,
  type Policy,
  type QueueChange,
  type Rate,
  type ReasonCode,
  type RecordedEvent,
  reasonCodes,
  type Started,
  type Waiting,
} from './engine/core/index.ts'
export {
  type DeclaredModels,
  type DurationText,
  defineQueue,
  type EnqueueInput,
  evolve,
  fold,
  type JobIn,
  type KindSchemas,
  type KindsOf,
  type KindTypes,
  type PolicyInput,
  type QueueContract,
  replay,
  type ScheduleInput,
  type ScheduleSpec,
} from './engine/events/index.ts'
export { closeJobCoordinator, getJobCoordinator } from './engine/process/index.ts'
export type { DeadJob, JobData, LogStore } from './engine/store/index.ts'
export * from './engine/worker/index.ts'
export * from './engine/workflow/index.ts'
