/** The documents of the API. Times are as in the core: microseconds since 1970, by the database's clock. */
import { z } from 'zod'
import {
  archiveRules,
  emptySetRules,
  eventTypes,
  failureCodes,
  jobTypes,
  reasonCodes,
} from '../../core/index.ts'
import type { DeadJob, WorkerRow } from '../../port/index.ts'
import { levers } from '../guard/grant.ts'

const micros = z.int().describe('microseconds since 1970')
const seq = z.int().min(0).describe('a number of the log')
const jobId = z.string()
const anything = z.unknown()

export const refusalSchema = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string() }),
})

export const meSchema = z.strictObject({
  actor: z.string(),
  role: z.enum(['viewer', 'operator']),
  levers: z.array(z.enum(levers)),
  data: z.boolean().describe('whether payloads, results and errors are shown'),
  queues: z.array(z.string()),
  store: z.string().describe('where the queues live, without credentials'),
  release: z.string(),
})
export type MeDocument = z.infer<typeof meSchema>

export const queueSchema = z.strictObject({
  queue: z.string(),
  version: seq.describe('of the last event'),
  first: z.int().min(1).describe('the first event that can be read'),
  epoch: z.int(),
  now: micros.describe("the database's clock"),
})
export type HeadDocument = z.infer<typeof queueSchema>

export const queuesSchema = z.strictObject({
  queues: z.array(
    z.union([queueSchema, z.strictObject({ queue: z.string(), error: refusalSchema.shape.error })]),
  ),
})

const spec = z.strictObject({
  jobId,
  jobType: z.enum(jobTypes),
  kind: z.string(),
  models: z.array(z.string()),
  priority: z.int(),
  runAt: micros.nullable(),
  attempts: z.int(),
  timeoutMs: z.int(),
  expireMs: z.int().nullable(),
  fairKey: z.string().nullable(),
  hasData: z.literal(true).optional(),
  payloadHash: z.int().optional(),
})

const byModel = <T extends z.ZodType>(value: T) => z.record(z.string(), value)
const policy = z.strictObject({
  maxActive: z.int().nullable(),
  capacity: byModel(z.int()),
  maxOvertakes: z.int().nullable(),
  ageSeconds: z.number().nullable(),
  offerMs: z.number(),
  emptySet: z.enum(emptySetRules),
  holdAfterLossSeconds: byModel(z.number()),
  rate: byModel(z.strictObject({ starts: z.int(), perSeconds: z.number() })),
  fairShare: z
    .strictObject({
      spacingSeconds: z.number(),
      maxWaiting: z.int().nullable(),
      maxActive: z.int().nullable(),
    })
    .nullable(),
  retentionDays: z.int().nullable(),
  archive: z.enum(archiveRules),
})

const eventSchema = z
  .strictObject({
    seq: z.int().min(1),
    at: micros,
    type: z.enum(eventTypes),
    commandId: z.string(),
    commandHash: z.number(),
    workerId: z.string().optional(),
    offers: z.array(jobId).optional(),
    jobId: jobId.optional(),
    jobType: z.enum(jobTypes).optional(),
    spec: spec.optional(),
    asked: z.boolean().optional(),
    intake: z.literal(true).optional(),
    named: z.literal(true).optional(),
    reason: z.string().optional(),
    blockedBy: jobId.nullable().optional(),
    model: z.string().nullable().optional(),
    models: z.array(z.string()).optional(),
    attempt: z.int().optional(),
    token: z.int().nullable().optional(),
    code: z.enum(failureCodes).optional(),
    final: z.boolean().optional(),
    until: micros.nullable().optional(),
    runAt: micros.nullable().optional(),
    asker: z.string().nullable().optional(),
    priority: z.int().optional(),
    position: z.strictObject({ level: z.number(), order: z.number(), tie: z.number() }).optional(),
    policy: policy.optional(),
    epoch: z.int().optional(),
    of: z.int().optional(),
    as: z.record(z.string(), anything).optional(),
  })
  .describe('an event of the log, as the core has it')

export const logSchema = z.strictObject({
  queue: z.string(),
  version: seq,
  epoch: z.int(),
  now: micros,
  archivedSeq: seq.describe('events up to this one were archived'),
  events: z.array(eventSchema),
})

export const workerSchema = z.strictObject({
  workerId: z.string(),
  kinds: z.array(z.string()).nullable().describe('null: every kind'),
  freeSlots: z.int(),
  release: z.string(),
  startedAt: micros,
  beatAt: micros,
  expiresAt: micros,
  state: z.enum(['live', 'late', 'dead']),
})
export type WorkerDocument = z.infer<typeof workerSchema>

export const workersSchema = z.strictObject({ queue: z.string(), workers: z.array(workerSchema) })

/** The processes as they are sent. */
export const workerDocuments = (rows: readonly WorkerRow[]): readonly WorkerDocument[] =>
  rows.map(({ kinds, ...row }) => ({ ...row, kinds: kinds === null ? null : [...kinds] }))

const place = z.strictObject({
  model: z.string(),
  capacity: z.int(),
  holders: z.array(jobId),
  ahead: z.int(),
  aheadIds: z.array(jobId),
  paused: z
    .strictObject({ reason: z.string(), by: z.string().nullable(), since: micros, until: micros.nullable() })
    .nullable(),
})

const explanationSchema = z.strictObject({
  jobId,
  state: z.enum(['waiting', 'active']),
  standing: z.string(),
  code: z.enum(reasonCodes).nullable(),
  reason: z.string(),
  blockedBy: jobId.nullable(),
  models: z.array(place),
  position: z.int().nullable(),
  chain: z.array(jobId),
  overtaken: z.int(),
  whatHasToHappen: z.string(),
})
export const jobSchema = z.strictObject({
  queue: z.string(),
  version: seq,
  now: micros,
  explanation: explanationSchema,
})

export const placeSchema = z.strictObject({
  jobId,
  queue: z.string(),
  state: z.enum(['waiting', 'active']),
  position: z
    .int()
    .nullable()
    .describe('how many stand ahead in the line of the whole queue; null: it stands in no line'),
  models: z.array(
    z.strictObject({
      model: z.string(),
      ahead: z.int().nullable().describe('how many stand ahead in its line'),
      running: z.int(),
      capacity: z.int(),
    }),
  ),
  code: z.enum(reasonCodes).nullable(),
  reason: z.string().describe('names no other job and nobody'),
  startsInSeconds: z.int().nullable().describe('an estimate; null: too little is known'),
})
export type PlaceDocument = z.infer<typeof placeSchema>

export const dataSchema = z.strictObject({
  jobId,
  payload: anything,
  result: anything,
  error: anything,
  checkpoint: anything,
  progress: anything,
  row: anything,
})
export const progressSchema = z.strictObject({
  jobs: z.array(z.strictObject({ jobId, progress: anything })),
})

const deadJob = z.strictObject({
  jobId,
  seq: z.int().min(1),
  at: micros,
  code: z.enum([...failureCodes, 'lease_expired', 'expired']),
  attempts: z.int(),
  spec,
  error: anything.describe('null if you may not see data'),
})
export const deadSchema = z.strictObject({
  queue: z.string(),
  jobs: z.array(deadJob),
  before: z.int().nullable().describe('for the next page; null: there are no more'),
})

/** The error has the words of the user's own code, so not everybody may see it. */
export const deadDocument = (job: DeadJob, data: boolean) => ({ ...job, error: data ? job.error : null })

const standing = z.strictObject({
  state: z.enum(['waiting', 'active']),
  position: z.int().nullable(),
  code: z.enum(reasonCodes).nullable(),
  blockedBy: jobId.nullable(),
})
export const previewSchema = z.strictObject({
  lever: z.enum(levers),
  preview: z.literal(true),
  version: seq.describe('of the log that it was decided on'),
  events: z.array(eventSchema).describe('what the log will say'),
  changed: z.boolean(),
  refusal: refusalSchema.shape.error.nullable(),
  moves: z.strictObject({
    total: z.int(),
    jobs: z.array(z.strictObject({ jobId, before: standing.nullable(), after: standing.nullable() })),
  }),
})
export type PreviewDocument = z.infer<typeof previewSchema>

export const pulledSchema = z.strictObject({
  lever: z.enum(levers),
  preview: z.literal(false),
  version: seq.describe('of the log after it'),
  changed: z.boolean(),
  jobs: z.int().nullable().describe('how many dead letters; null for other levers'),
})
export type PulledDocument = z.infer<typeof pulledSchema>
