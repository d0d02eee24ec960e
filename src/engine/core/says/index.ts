/**
 * Says: what people and programs are told of a job and of a queue, beyond the reason why it waits: what is with it, what is to be done, when it starts.
 * It may import all other rooms; none imports it.
 * Begin with `explain.ts`.
 * @module
 */
export * from './checks.ts'
export { codesIn, type LiveCodeOf } from './codes.ts'
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
export {
  type ExplainedParent,
  type Explanation,
  explainJob,
  explainLive,
  type LiveExplanation,
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
export { Agenda } from './forecast/agenda.ts'
export { type ComparedRange, FEWEST_COMPARED, type StartRange, widened } from './forecast/conformal.ts'
export { Crews } from './forecast/crews.ts'
export { Experience, MEASURED_EVENTS, type Outset } from './forecast/experience.ts'
export type { Forecast, NoRange } from './forecast/forecast.ts'
export { takenIn } from './forecast/hands.ts'
export { RunTimes } from './forecast/run-times.ts'
export { manual } from './manual.ts'
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
export {
  isDoubtful,
  isNext,
  type JobPosition,
  ownerText,
  positionExplained,
  positionOfJob,
  type StartsIn,
  startsIn,
} from './own-position.ts'
export { type PlaceView, placeViews } from './place-view.ts'
