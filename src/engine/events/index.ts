/**
 * The border: everything that comes from outside (calls, options, requests by SQL, rows of the log, snapshots) is checked here, once.
 * Behind it, values are trusted.
 *
 *     const spec = parseSpec(input)              // @throws InterlockError `invalid_input`, naming the path
 *     const event = decodeEvent(row)             // @throws InterlockError `corrupt_log`, `unknown_event`
 *     const row = encodeEvent(event)
 *
 * An event is described in `event-table.ts`; encoder, decoder and guards (`event-codec.ts`) are made from that. `upcast.ts` reads
 * events of earlier releases, `voided-events.ts` those that were declared void. Usual input is checked field by field, without a schema
 * (`plain-input.ts`): schemas are made when they are first needed.
 * @module
 */

export { checkLedger } from '../core/index.ts'
export { checkAccess, parseInstant } from './access.ts'
export { faultyIn } from './check-event.ts'
export type {
  AnyKinds,
  BareJobOf,
  GivenTo,
  JobIn,
  JobList,
  JobsIn,
  KindSchemas,
  KindsOf,
  KindTypes,
  KnownKinds,
  MayBeBare,
  NamedPayload,
  NoKind,
  QueueContract,
  ResultIn,
  ReturnedBy,
  ScheduledJobIn,
  SentOf,
} from './contract.ts'
export { calls } from './coordinator-calls.ts'
export { decodeEvent, decodeEvents } from './decode-event.ts'
export type { DurationText } from './dedupe.ts'
export {
  checkKind,
  checkKinds,
  checkScheduled,
  contractSchema,
  defineQueue,
  standardOf,
} from './define-queue.ts'
export { encodeEvent } from './encode-event.ts'
export { errorData, messageOf } from './error-data.ts'
export { SCHEMA_VERSION } from './event-row.ts'
export { checkEvents, checkStatement, checkStatementOf, readingEvent } from './given-events.ts'
export { jobsGiven, schedulesGiven, withNames } from './given-jobs.ts'
export { evolve, fold, replay } from './given-log.ts'
export {
  flagSchema,
  functionSchema,
  havingSchema,
  optionsSchema,
  parseArguments,
  parseInput,
} from './invalid.ts'
export type { EnqueueInput } from './job-input.ts'
export {
  enqueueBody,
  keptOf,
  type ParsedJob,
  parseJob,
  parseJobs,
  parseRequirements,
  parseSpec,
  parseTime,
  parseTimeOrNull,
  parseUsed,
  wholeNumber,
} from './job-spec.ts'
export { CheckedResult, lengthOf, parseNote, parseResult } from './json.ts'
export {
  installationSchema,
  jobIdSchema,
  modelSchema,
  parseInstallation,
  parseJobId,
  parseModels,
  parseQueue,
  parseSeq,
  queueSchema,
} from './names.ts'
export {
  checkBatchHandler,
  checkContract,
  checkCoordinatorOptions,
  checkDrainOptions,
  checkExecute,
  checkHandler,
  checkHandlerModule,
  checkManagerOptions,
  checkProcessOptions,
  checkResume,
  checkTelemetryOptions,
  checkThreadHandler,
  checkWorkerOptions,
  parseLater,
  parseProviderError,
} from './options.ts'
export { parseModel, parsePause } from './pause.ts'
export { payloadHash } from './payload-hash.ts'
export { plainCalls } from './plain-input.ts'
export { type DeclaredModels, type PolicyInput, parseDeclared, parsePolicy, policySchema } from './policy.ts'
export { type ParsedRequest, parseRequest, parseSubmission } from './request.ts'
export {
  declarationOf,
  parseSchedules,
  type ScheduleInput,
  type ScheduleSpec,
} from './schedule.ts'
export { safeBeginning, scrubbed } from './scrub.ts'
export { type Addresses, parseAddresses, type TargetServers } from './server-addresses.ts'
export { fromHex, sha256, toHex, utf8 } from './sha256.ts'
export { decodeSnapshotHead, decodeSnapshotLine, type SnapshotHead } from './snapshot-lines.ts'
export { specShape } from './spec-schema.ts'
export { submissionOf } from './submission.ts'
export { checkCall } from './tool-calls.ts'
export { jobTrace } from './trace.ts'
export { uuidV7 } from './uuid.ts'
export { asRead, parseVoids, placeholderOf, type Voids } from './voided-events.ts'
export {
  type Hold,
  parseWorkflow,
  parseWorkflowState,
  type WorkflowPlan,
  type WorkflowState,
  type WorkflowStep,
  workflowOutcome,
} from './workflow.ts'
