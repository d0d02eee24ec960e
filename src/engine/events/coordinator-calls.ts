import * as z from 'zod'
import { bounds, failureCodes, type JobTrace, type Json, requeueReasons } from '../core/index.ts'
import { flagSchema, functionSchema, havingSchema, optionsSchema, signalSchema } from './invalid.ts'
import { timeSchema, usesSchema, wholeNumber } from './job-spec.ts'
import { lazily } from './lazily.ts'
import {
  jobIdSchema,
  jobTypeSchema,
  keepsSchema,
  kindSchema,
  modelSchema,
  modelsSchema,
  servesSchema,
} from './names.ts'
import { declareSchema, ownerSchema, scheduleIdSchema } from './schedule.ts'
import { jobTrace } from './trace.ts'

/** What a program may pass to a coordinator, argument by argument. `anything`: parsed later. */
const anything = z.unknown().optional()

const token = lazily(() => wholeNumber(1, Number.MAX_SAFE_INTEGER, ', the fencing token of the attempt'))
const leaseError = 'must be the lease of an attempt: { jobId, fencingToken, epoch }'
const lease = lazily(() =>
  z.looseObject(
    { jobId: jobIdSchema, fencingToken: token(), epoch: z.int({ error: 'must be the epoch of the lease' }) },
    { error: leaseError },
  ),
)

const kindList = lazily(() => z.array(kindSchema, { error: 'must be a list of kinds, or null for any' }))
/** One call starts at most 1,000, however many the process could take. */
const claim = lazily(() =>
  optionsSchema({
    max: wholeNumber(1, 1_000_000),
    kinds: kindList().nullish(),
    batches: z.array(batchSize(), { error: 'must be a list of kinds with sizes' }).optional(),
    serves: servesSchema.optional(),
    keeps: keepsSchema.optional(),
  }),
)
const batchSize = lazily(() => z.strictObject({ kind: kindSchema, size: wholeNumber(1, bounds.batch) }))

const trace = lazily(() =>
  z
    .custom<JobTrace>((value) => jobTrace(value as Json) !== null, {
      error: 'must be what is kept of a trace',
    })
    .optional(),
)

const requestId = () => jobIdSchema.max(190, 'must have at most 190 characters')
const anyJobIds = lazily(() => z.array(jobIdSchema, { error: 'must be a list of job ids' }))
const jobIds = () => anyJobIds().max(1_000, 'must have at most 1,000 job ids; ask in several calls')

const since = () =>
  z
    .custom<Date>((value) => value instanceof Date && !Number.isNaN(value.getTime()), {
      error: 'must be a Date',
    })
    .optional()
const deadShape = () => ({ jobIds: anyJobIds().optional(), model: modelSchema.optional(), since: since() })
const seq = () => wholeNumber(0, Number.MAX_SAFE_INTEGER, ', a sequence number of the log')

/** An empty filter by mistake would take all of them, which cannot be undone. */
const namesSome = ({ all, ...filter }: { readonly all?: boolean | undefined }): boolean =>
  all === true || Object.values(filter).some((value) => value !== undefined)
const namesNone = 'names no dead letters: give jobIds, model or since, or { all: true } for every one'
const dropChoice = lazily(() => optionsSchema({ ...deadShape(), all: flag() }).refine(namesSome, namesNone))
const retryChoice = lazily(() =>
  optionsSchema({ ...deadShape(), all: flag(), descendants: flag() }).refine(
    ({ descendants: _, ...filter }) => namesSome(filter),
    namesNone,
  ),
)

const flag = () => flagSchema.optional()
const waiting = () => ({
  wait: flag(),
  signal: signalSchema.optional(),
  sole: flag(),
  serves: servesSchema.optional(),
  keeps: keepsSchema.optional(),
})
const startOptions = () =>
  optionsSchema({
    ...waiting(),
    modes: anything,
    priority: anything,
    kind: anything,
    payload: anything,
    attempts: anything,
    timeoutMs: anything,
    uses: anything,
    asks: anything,
    fairKey: anything,
    traceparent: anything,
    tracestate: anything,
    parent: lease().nullish(),
  })
const outcome = () => z.enum(['completed', 'failed'], { error: "must be 'completed' or 'failed'" })
const completeOptions = () =>
  optionsSchema({
    fencingToken: token().optional(),
    outcome: outcome().optional(),
    error: anything,
    used: used(),
  })

/** What the attempt has used. */
const used = lazily(() => usesSchema(0).optional())

const oneOf = (words: readonly string[]) => ({ error: `must be one of ${words.join(', ')}` })
const notMs = 'must be a number of milliseconds, 0 or more'
const moveError = 'must be { priority: number } or { before: jobId }'

const config = () =>
  z.looseObject(
    {
      steps: z.array(z.looseObject({}, { error: 'must be a step, such as { default_model: "flux-dev" }' }), {
        error: 'must be a list of steps',
      }),
    },
    { error: 'must be a workflow: { steps: [{ default_model: "flux-dev" }] }' },
  )

/** The names of the arguments of each call, and what each may be. Made when a call gets something unusual: see plain-input.ts. */
export const calls = {
  getWorkflowModels: lazily(() => ({ config: config() })),
  onJobStart: lazily(() => ({
    jobId: jobIdSchema,
    jobType: jobTypeSchema,
    models: modelsSchema,
    options: startOptions().optional(),
  })),
  takeUp: lazily(() => ({ jobId: jobIdSchema, options: optionsSchema(waiting()).optional() })),
  attempt: lazily(() => ({ lease: lease() })),
  onJobComplete: lazily(() => ({
    jobId: jobIdSchema,
    jobType: jobTypeSchema,
    options: completeOptions().optional(),
  })),
  enqueue: lazily(() => ({
    jobs: anything,
    options: optionsSchema({
      requestId: requestId().optional(),
      in: functionSchema.optional(),
      notify: flag(),
    }).optional(),
  })),
  add: lazily(() => ({ lease: lease(), jobs: anything })),
  claim: lazily(() => ({
    claim: claim(),
    options: optionsSchema({ known: z.boolean().optional() }).optional(),
  })),
  complete: lazily(() => ({
    lease: lease(),
    options: optionsSchema({ result: anything, claim: claim().optional(), used: used() }).optional(),
  })),
  completeIn: lazily(() => ({
    sql: functionSchema,
    lease: lease(),
    options: optionsSchema({ result: anything, notify: flag(), used: used() }).optional(),
  })),
  endCommitted: lazily(() => ({
    lease: lease(),
    options: optionsSchema({ claim: claim().optional() }).optional(),
  })),
  fail: lazily(() => ({
    lease: lease(),
    options: optionsSchema({
      error: anything,
      code: z.enum(failureCodes, oneOf(failureCodes)).optional(),
      retryAt: timeSchema.nullish(),
      claim: claim().optional(),
      trace: trace(),
      used: used(),
    }).optional(),
  })),
  release: lazily(() => ({
    lease: lease(),
    reason: z.enum(requeueReasons, oneOf(requeueReasons)),
    runAt: timeSchema.nullish(),
    options: optionsSchema({
      claim: claim().optional(),
      models: modelsSchema.optional(),
      trace: trace(),
      used: used(),
    }).optional(),
  })),
  heartbeat: lazily(() => ({ lease: lease() })),
  data: lazily(() => ({ jobIds: jobIds() })),
  dataOf: lazily(() => ({ lease: lease() })),
  parents: lazily(() => ({
    lease: lease(),
    options: optionsSchema({ results: flagSchema.optional() }).optional(),
  })),
  note: lazily(() => ({ lease: lease() })),
  forget: lazily(() => ({ jobIds: anyJobIds() })),
  takeIn: lazily(() => ({ options: optionsSchema({ max: wholeNumber(1, 1_000) }) })),
  detach: lazily(() => ({ lease: lease(), options: optionsSchema({ until: timeSchema }) })),
  done: lazily(() => ({
    lease: lease(),
    model: modelSchema,
    options: optionsSchema({ claim: claim().optional() }).optional(),
  })),
  dead: lazily(() => ({
    filter: optionsSchema({
      ...deadShape(),
      limit: wholeNumber(1, 1_000).optional(),
      before: seq().optional(),
    }).optional(),
  })),
  retryDead: lazily(() => ({ filter: retryChoice() })),
  dropDead: lazily(() => ({ filter: dropChoice() })),
  cancel: lazily(() => ({
    jobId: jobIdSchema,
    options: optionsSchema({ force: flag(), descendants: flag() }).optional(),
  })),
  confirmCancel: lazily(() => ({
    lease: lease(),
    options: optionsSchema({ claim: claim().optional(), used: used() }).optional(),
  })),
  reprioritize: lazily(() => ({
    jobId: jobIdSchema,
    to: z.union(
      [optionsSchema({ priority: wholeNumber(-1_000, 1_000) }), optionsSchema({ before: jobIdSchema })],
      { error: moveError },
    ),
  })),
  pullEvents: lazily(() => ({
    after: seq(),
    options: optionsSchema({ signal: signalSchema.optional() }).optional(),
  })),
  machine: lazily(() => ({
    options: optionsSchema({
      inspect: z.union([functionSchema, havingSchema('a function or an observer', [])]).optional(),
    }).optional(),
  })),
  after: lazily(() => ({
    ms: z.number({ error: notMs }).min(0, notMs),
    callBack: functionSchema,
  })),
  schedules: lazily(() => ({
    owner: ownerSchema,
    schedules: anything,
    options: declareSchema().optional(),
  })),
  schedule: lazily(() => ({
    id: scheduleIdSchema,
    spec: anything,
    options: declareSchema().optional(),
  })),
  listSchedules: lazily(() => ({
    filter: optionsSchema({ owner: ownerSchema.optional() }).optional(),
  })),
  previewSchedule: lazily(() => ({ id: scheduleIdSchema, count: wholeNumber(1, 1_000).optional() })),
  pauseSchedule: lazily(() => ({ id: scheduleIdSchema })),
  resumeSchedule: lazily(() => ({ id: scheduleIdSchema })),
  removeSchedule: lazily(() => ({ id: scheduleIdSchema })),
  offering: lazily(() => ({ kinds: kindList().nullable(), freeSlots: wholeNumber(0, 1_000_000) })),
} as const satisfies Readonly<Record<string, () => Readonly<Record<string, z.ZodType>>>>
