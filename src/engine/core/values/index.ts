/**
 * Values: what a job, an event, a command, a schedule, a policy and an error are, and the trees and tables that everything is kept in.
 * It may import nothing. Nothing here knows of a queue.
 * Begin with `job.ts`, then `event.ts`; what a policy may say is in `policy-table.ts`.
 * @module
 */
export * from './command.ts'
export * from './ending.ts'
export * from './error.ts'
export { type ErrorCode, errorCodes, type FailureKind, type RefusalCode } from './error-codes.ts'
export type { ErrorDetails } from './error-details.ts'
export * from './event.ts'
export { hash } from './hash.ts'
export type { Places } from './job.ts'
export * from './job.ts'
export {
  EARLY_SINCE,
  type JobField,
  type JobRule,
  jobFields,
  type SpecField,
  type SpecKinds,
  specFields,
  USES_SINCE,
} from './job-table.ts'
export { bareName, nearestOf, nearPattern } from './near-names.ts'
export { numberText } from './number-text.ts'
export { holdsAt, type OnceRecord, onceRecordOf } from './once.ts'
export { fits, isPattern, patternsIn } from './pattern.ts'
export * from './policy.ts'
export {
  type ArchiveRule,
  archiveRules,
  type EmptySetRule,
  emptySetRules,
  PASSES_STAY_SINCE,
  type PolicyField,
  type PolicyPart,
  type PolicyRule,
  policyFields,
  UNITS_SINCE,
  WARM_SINCE,
  WEIGHTS_SINCE,
} from './policy-table.ts'
export { byPosition } from './position.ts'
export { forShell, oneLine, operand, stackLines } from './safe-text.ts'
export {
  type DueTime,
  dueOf,
  firedBy,
  firedId,
  isPayloadKey,
  nextDueAt,
  type OverlapRule,
  ofScheduleText,
  overlapRules,
  ownerOfId,
  payloadKeyOf,
  revisionOf,
  type Schedule,
  type ScheduleOwner,
  type ScheduleRule,
  type SkipReason,
  scheduleBounds,
  scheduleOf,
  skipReasons,
} from './schedule.ts'
