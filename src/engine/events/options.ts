import * as z from 'zod'
import { bounds, numberText } from '../core/index.ts'
import type { KnownKinds } from './contract.ts'
import { contractSchema, schemaSchema } from './define-queue.ts'
import {
  flagSchema,
  functionSchema,
  havingSchema,
  notPromised,
  optionsSchema,
  parseArguments,
  parseInput,
  signalSchema,
} from './invalid.ts'
import { wholeNumber } from './job-spec.ts'
import { keepsSchema, modelSchema, modelsSchema, operatorSchema, parseJobId, servesSchema } from './names.ts'
import { holds } from './workflow.ts'

/** What every store has to have; the rest differs. */
const storeCalls = ['open', 'append', 'read', 'beat', 'leave', 'data', 'listen', 'close']
const aStore = "a store, such as memoryStore() or postgresStore('postgres://…')"
const anything = z.unknown().optional()

const logger = havingSchema('a logger with info, warn and error', []).optional()

const telemetry = havingSchema('openTelemetry() of interlock-queue/otel', ['follow', 'send', 'begin', 'step'])

/** Ranges are checked once the defaults of the store are known. */
const optionFields = optionsSchema({
  store: havingSchema(aStore, storeCalls),
  logger,
  queue: anything,
  name: anything,
  leaseMs: anything,
  graceMs: anything,
  pollMs: anything,
  patienceMs: anything,
  joinMs: anything,
  snapshotEvery: anything,
  mode: anything,
  onUnavailable: anything,
  telemetry: telemetry.optional(),
  operator: operatorSchema().optional(),
  strict: flagSchema.optional(),
  contract: contractSchema,
})

const processFields = optionsSchema({ logger, telemetry: telemetry.optional(), contract: contractSchema })

/** @throws InterlockError `invalid_input` */
export const checkCoordinatorOptions = (options: unknown): unknown =>
  parseInput(optionFields, options, 'options')

/** For `getJobCoordinator`. @throws InterlockError `invalid_input` */
export const checkProcessOptions = (options: unknown): unknown =>
  parseInput(processFields, options, 'options')

const DAY_MS = 86_400_000
const milliseconds = wholeNumber(0, DAY_MS, ' (milliseconds)')
const numberFrom = (min: number, max: number) => {
  const error = `must be a number from ${min} to ${numberText(max)}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

const retryFields = optionsSchema({
  baseMs: numberFrom(0, 365 * DAY_MS).optional(),
  factor: numberFrom(0, 1_000).optional(),
  maxMs: numberFrom(0, 365 * DAY_MS).optional(),
  jitter: numberFrom(0, 1).optional(),
})

/** A rule for further attempts: fields, or a function of the attempt and its error. */
const retrySchema = z.unknown().superRefine((rule, context) => {
  if (typeof rule === 'function') return
  const issue = notPromised.pipe(retryFields).safeParse(rule).error?.issues[0]
  if (issue !== undefined) context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message })
})

/** What a worker needs of a coordinator, however it was made. */
const coordinatorSchema = havingSchema('a coordinator: await createCoordinator({ store })', [
  'claim',
  'complete',
  'offering',
])

const breaker = optionsSchema({
  failures: wholeNumber(1, 1_000),
  pauseSeconds: wholeNumber(1, 86_400),
})

/** The options of a worker that do not depend on where its jobs come from. */
const workerSettings = {
  concurrency: wholeNumber(1, 100_000).optional(),
  serves: servesSchema.optional(),
  keeps: keepsSchema.optional(),
  intake: flagSchema.optional(),
  retry: retrySchema.optional(),
  breaker: breaker.optional(),
  stopMs: milliseconds.optional(),
  catchUncaught: flagSchema.optional(),
  onError: functionSchema.optional(),
  onLeaseLost: functionSchema.optional(),
  handlers: z.unknown(),
}

const workerFields = optionsSchema({ coordinator: coordinatorSchema, ...workerSettings })
const drainFields = optionsSchema({ timeoutMs: milliseconds.optional(), stopMs: milliseconds.optional() })

/** Times are checked with those of the coordinator. */
const moduleFields = optionsSchema({
  ...workerSettings,
  leaseMs: z.unknown().optional(),
  graceMs: z.unknown().optional(),
  telemetry: telemetry.optional(),
  logger,
  patienceMs: z.unknown().optional(),
  contract: contractSchema,
})

const handlerFields = optionsSchema({
  run: functionSchema,
  models: modelsSchema.optional(),
  retry: retrySchema.optional(),
  schema: schemaSchema.optional(),
})

const YEAR_SECONDS = 365 * 86_400
const laterFields = optionsSchema({
  seconds: numberFrom(0, YEAR_SECONDS),
  pauseModel: modelSchema.optional(),
  models: modelsSchema.optional(),
  most: wholeNumber(1, 1_000_000).optional(),
})

/** Handlers are looked at on their own. @throws InterlockError `invalid_input` */
export const checkWorkerOptions = (options: unknown): unknown => parseInput(workerFields, options, 'options')

/** What `defineQueue` returned, in a file. @throws InterlockError `invalid_input` */
export const checkContract = (contract: unknown, file: string): KnownKinds =>
  parseInput(contractSchema.unwrap(), contract, file)

/** The options of a worker in a file of `interlock work`. @throws InterlockError `invalid_input` */
export const checkHandlerModule = (options: unknown, file: string): unknown =>
  parseInput(moduleFields, options, file)

/** A handler that is no function. @throws InterlockError `invalid_input` */
export const checkHandler = (handler: unknown, path: string): unknown =>
  parseInput(handlerFields, handler, path)

const threadFile = z.union([z.string().min(1), z.instanceof(URL)], {
  error: "must be a URL or a path: new URL('./handler.js', import.meta.url)",
})
const megabytes = numberFrom(0, 1_048_576).optional()
const threadFields = optionsSchema({
  resourceLimits: optionsSchema({
    maxOldGenerationSizeMb: megabytes,
    maxYoungGenerationSizeMb: megabytes,
    codeRangeSizeMb: megabytes,
    stackSizeMb: megabytes,
  }).optional(),
})

/** For `inThread`. @throws InterlockError `invalid_input` */
export const checkThreadHandler = (file: unknown, options: unknown): void =>
  parseArguments({ file: threadFile, options: threadFields }, [file, options])

const batchFields = optionsSchema({ size: wholeNumber(1, bounds.batch) })

/** For `inBatch`. @throws InterlockError `invalid_input` */
export const checkBatchHandler = (options: unknown, run: unknown): void =>
  parseArguments({ options: batchFields, run: functionSchema }, [options, run])

/** @throws InterlockError `invalid_input` */
export const checkDrainOptions = (options: unknown): unknown =>
  parseInput(drainFields.optional(), options, 'options')

const telemetryFields = optionsSchema({
  tracerProvider: havingSchema('a TracerProvider of OpenTelemetry', ['getTracer']).optional(),
  propagateContext: flagSchema.optional(),
  sender: z.enum(['link', 'parent'], { error: "must be 'link' or 'parent'" }).optional(),
  waits: flagSchema.optional(),
  messages: z.enum(['scrubbed', 'none'], { error: "must be 'scrubbed' or 'none'" }).optional(),
})

/** For `openTelemetry`. @throws InterlockError `invalid_input` */
export const checkTelemetryOptions = (options: unknown): unknown =>
  parseInput(telemetryFields, options, 'options')

/** What a handler says of a job that it could not do yet. @throws InterlockError `invalid_input` */
export const parseLater = (options: unknown) => parseInput(laterFields, options, 'options')

const providerFields = optionsSchema({
  model: modelSchema.optional(),
  seconds: numberFrom(0, YEAR_SECONDS).optional(),
})

/** For `providerError`. @throws InterlockError `invalid_input` */
export const parseProviderError = (options: unknown) => parseInput(providerFields, options, 'options')

const hold = z.enum(holds, { error: 'must be "all" or "step"' }).optional()

/** Kind, attempts and time-out are looked at with the job that they make. */
const managerFields = optionsSchema({
  coordinator: coordinatorSchema,
  runStep: functionSchema,
  hold,
  retry: retrySchema.optional(),
  kind: anything,
  attempts: anything,
  timeoutMs: anything,
})
const run = { wait: flagSchema.optional(), signal: signalSchema.optional() }
const executeFields = optionsSchema({ ...run, input: anything, priority: anything, hold })
const resumeFields = optionsSchema({ ...run, approval: anything })

/** @throws InterlockError `invalid_input` */
export const checkManagerOptions = (options: unknown): unknown =>
  parseInput(managerFields, options, 'options')

/** @throws InterlockError `invalid_input` */
export function checkExecute(executionId: unknown, options: unknown): void {
  parseJobId(executionId)
  parseInput(executeFields, options, 'options')
}

/** @throws InterlockError `invalid_input` */
export function checkResume(executionId: unknown, options: unknown): void {
  parseJobId(executionId)
  parseInput(resumeFields, options, 'options')
}
