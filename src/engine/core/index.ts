/**
 * The rules, and nothing else: which job may start, what a command leads to, why a job waits. Pure: no clock, no database, no import
 * from outside of this folder.
 *
 *     const { events, results } = decide(ledger, commands, { now, deadWorkers })
 *     const next = evolve(ledger, event)
 *
 * `decide` turns commands into events or a refusal (`decide/`, and `dispatch.ts`, which gives away what may start). `evolve` is the only
 * place where state changes (`evolve/`). Every event passes the law (`law/`): which event may come in which state. A `Ledger` never
 * changes; a `Draft` becomes the next one.
 *
 * It promises: the same log gives the same ledger everywhere, two jobs that share a model never run at once, and a job that holds
 * models holds all that it needs, so there are no deadlocks. Errors are `InterlockError`s with a `code`; `corrupt_log` means an event
 * that the law forbids.
 * @module
 */
export { isStartable } from './admission.ts'
export { othersIn, placesTaken } from './batch.ts'
export * from './checks.ts'
export { codesIn, type LiveCodeOf } from './codes.ts'
export * from './command.ts'
export type { Decision } from './decide/by.ts'
export { withStandIns } from './decide/enter.ts'
export { parentsFirst } from './decide/link.ts'
export { type RehearsedBody, rehearse } from './decide/rehearse.ts'
export { runningAttempt } from './decide/result.ts'
export { declaredBy } from './decide/schedule.ts'
export { decide } from './decide.ts'
export {
  arrivalCodes,
  type Diagnosis,
  diagnosisOf,
  faultOf,
  type JobCode,
  jobFaults,
  type LiveCode,
  putOffCodes,
} from './diagnosis.ts'
export * from './ending.ts'
export * from './error.ts'
export { type ErrorCode, errorCodes, type FailureKind, type RefusalCode } from './error-codes.ts'
export type { ErrorDetails } from './error-details.ts'
export * from './event.ts'
export { evolve } from './evolve.ts'
export {
  type Explanation,
  explainJob,
  explainLive,
  type LiveExplanation,
  type ParentPlace,
} from './explain.ts'
export {
  hasDecider,
  hasWorkerAmong,
  type JobRecord,
  type KnownOperator,
  type Operator,
  type QueueFacts,
  type SubmittedCommand,
  serversAtPlaces,
  serversOf,
  type WorkerFact,
} from './facts.ts'
export type { FailedTries } from './failed-tries.ts'
export { endedParentsOf, lastAfter } from './flow.ts'
export { Agenda } from './forecast/agenda.ts'
export { type ComparedRange, FEWEST_COMPARED, type StartRange, widened } from './forecast/conformal.ts'
export { Crews } from './forecast/crews.ts'
export { Experience, MEASURED_EVENTS, type Outset } from './forecast/experience.ts'
export type { Forecast, NoRange } from './forecast/forecast.ts'
export { takenIn } from './forecast/hands.ts'
export { RunTimes } from './forecast/run-times.ts'
export { checkEvent, checkLedger, noEvent, readingPart } from './given.ts'
export { hash } from './hash.ts'
export * from './job.ts'
export type { JobLaw, JobTarget, QueueLaw } from './law/law.ts'
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
export { type JobEvent, type Variant, variantOf, variants } from './law/variant.ts'
export {
  awaitsParents,
  emptyLedger,
  heldModels,
  isInLine,
  type Job,
  jobOf,
  type Ledger,
  type Model,
  modelOf,
  type Pause,
  pauseOf,
  triesOf,
  waitingCount,
} from './ledger.ts'
export { bareName, nearestOf, nearPattern } from './near-names.ts'
export {
  idlePause,
  idleResume,
  idleServes,
  idleUnits,
  idleUses,
  modelsTwice,
  type NoEffect,
} from './no-effect.ts'
export { endingText, lastLife } from './not-live.ts'
export { numberText } from './number-text.ts'
export { holdsAt, type OnceRecord, onceRecordOf } from './once.ts'
export {
  isDoubtful,
  isNext,
  type JobPlace,
  placeExplained,
  placeOfJob,
  type StartsIn,
  startsIn,
} from './own-place.ts'
export { fits, isPattern, patternsIn } from './pattern.ts'
export { byPlace } from './place.ts'
export { type PlaceView, placeViews } from './place-view.ts'
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
export { projectionAt, projectionChanges, projectionOf } from './projection.ts'
export { modelOpensAt, rateOpensAt } from './rate.ts'
export { type Folded, Folder, fold, type QueueChange, Replayer, replay } from './replay.ts'
export * from './row.ts'
export * from './row.ts'
export { forShell, oneLine, operand, stackLines } from './safe-text.ts'
export {
  type DueTime,
  dueOf,
  firedBy,
  firedId,
  isPayloadKey,
  type JobTemplate,
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
export type { Surroundings } from './scribe.ts'
export { isServed } from './serving.ts'
export { allPlaces, countsOf, isPlace, isSite, type Places, plainName, siteOf } from './site.ts'
export type { SnapshotJobRow } from './snapshot/job-row.ts'
export { SNAPSHOT_SHAPE, snapshotKeys, snapshotRemedy } from './snapshot/parts.ts'
export { LedgerReader } from './snapshot/read.ts'
export { type SnapshotLine, snapshotLines } from './snapshot/write.ts'
export { nextOpeningAt, nextTickAt } from './timing.ts'
export { heldModelOf, unitsOf, unitsText } from './units.ts'
export { type HasWorker, isInUse, limitOpensAt, reasonCodeOf, waitingFor } from './wait-reason.ts'
export { type Keepers, type Loading, loadingOf, saidBy, spokenOf, withKeeper, withStart } from './warmth.ts'
