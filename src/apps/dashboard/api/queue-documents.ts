/** Who looks, the queues, and the processes of one. */
import * as z from 'zod'
import { scheduleViews } from '../../../engine/coordinator/schedules/calls.ts'
import { checkIds, type Ledger, MICROS_PER_MS, overlapRules } from '../../../engine/core/index.ts'
import type { WorkerRow } from '../../../engine/store/index.ts'
import { healthChecks, healthLevels } from '../../../tools/insight/queue-health.ts'
import { levers } from '../guard/grant.ts'
import { micros, refusalSchema, seq } from './fields.ts'

export const meSchema = z.strictObject({
  actor: z.string(),
  role: z.enum(['viewer', 'operator']),
  levers: z.array(z.enum(levers)),
  data: z.boolean().describe('whether payloads, results and errors are shown'),
  queues: z.array(z.string()),
  store: z.string().describe('where the queues live, without credentials'),
  environment: z.string().nullable().describe('the name of the environment; null: it has none'),
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

export const workerSchema = z.strictObject({
  workerId: z.string(),
  kinds: z.array(z.string()).nullable().describe('null: every kind'),
  freeSlots: z.int(),
  reads: z
    .int()
    .nullish()
    .describe('the newest shape of events that it reads; null: a worker by SQL, which reads none'),
  release: z.string(),
  startedAt: micros,
  beatAt: micros,
  expiresAt: micros,
  state: z.enum(['live', 'late', 'dead']),
})
export type DashboardWorker = z.infer<typeof workerSchema>

export const workersSchema = z.strictObject({ queue: z.string(), workers: z.array(workerSchema) })

const scheduleSchema = z.strictObject({
  id: z.string(),
  owner: z.string().describe('who declared it'),
  cron: z.string().nullable(),
  tz: z.string().describe('the time zone of cron'),
  everyMs: z.int().nullable().describe('the distance between due times; null: it has cron'),
  missed: z.strictObject({ upTo: z.int(), withinMs: z.int().nullable() }),
  overlap: z.enum(overlapRules),
  job: z.strictObject({ kind: z.string(), models: z.array(z.string()), priority: z.int() }),
  next: micros.nullable().describe('the due time that is fired next; null: none comes any more'),
  last: micros.nullable().describe('the due time that came last, fired or skipped'),
  paused: z.boolean(),
  live: z.array(z.string()).describe('its jobs that wait or run, 100 at most'),
})

export const schedulesSchema = z.strictObject({ queue: z.string(), schedules: z.array(scheduleSchema) })
export type SchedulesNow = z.infer<typeof schedulesSchema>

/** The schedules as they are sent, the next due one first. */
export const scheduleDocuments = (ledger: Ledger): SchedulesNow['schedules'] =>
  scheduleViews(ledger).map(({ job, live, next, last, ...view }) => ({
    ...view,
    job: { ...job, models: [...job.models] },
    live: [...live],
    next: microsOf(next),
    last: microsOf(last),
  }))

const microsOf = (time: Date | null): number | null => (time === null ? null : time.getTime() * MICROS_PER_MS)

export const healthSchema = z.strictObject({
  queue: z.string(),
  level: z.enum(healthLevels).describe('the level of the worst check; unknown: something could not be read'),
  checks: z.array(
    z.strictObject({
      check: z.enum(healthChecks),
      level: z.enum(healthLevels),
      what: z.string(),
      since: micros.nullable().describe('null: it is fine, or nobody knows'),
      jobId: z.string().nullable().describe('to look at'),
    }),
  ),
  wrong: z
    .array(
      z.strictObject({
        id: z.enum(checkIds),
        about: z.enum(healthChecks),
        level: z.enum(['problem', 'note']),
        what: z.string(),
        remedy: z.string(),
        since: micros.nullable().describe('null: nobody knows'),
        jobId: z.string().nullable().describe('to look at'),
      }),
    )
    .describe('all that is wrong, the problems first, as `npx interlock-queue doctor` says it'),
})

const sharesOf = z.array(
  z.strictObject({ name: z.string(), attempts: z.int(), failed: z.int().describe('failed, or were lost') }),
)

export const failuresSchema = z.strictObject({
  queue: z.string(),
  from: micros.describe('the time asked for, or the first that the answer knows of'),
  to: micros,
  attempts: z.int().describe('attempts that ended'),
  failed: z.int().describe('those of them that failed, or were lost'),
  byPlace: sharesOf.describe('places where attempts failed, the 20 with the most'),
  byWorker: sharesOf.describe('the same by the process that ran them'),
  byModel: sharesOf.describe('the same by model'),
})
export type FailuresDocument = z.infer<typeof failuresSchema>

export const limitsSchema = z.strictObject({
  queue: z.string(),
  limits: z.array(
    z.strictObject({
      model: z.string(),
      resource: z.string().nullable().describe('what is counted; null: starts'),
      limit: z.int(),
      perSeconds: z.number(),
      evidence: z.string(),
      command: z.string().describe('sets it'),
    }),
  ),
})
export type LimitsDocument = z.infer<typeof limitsSchema>

/** The processes as they are sent. */
export const workerDocuments = (rows: readonly WorkerRow[]): readonly DashboardWorker[] =>
  rows.map(({ kinds, ...row }) => ({ ...row, kinds: kinds === null ? null : [...kinds] }))
