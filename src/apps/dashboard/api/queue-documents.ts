/** Who looks, the queues, and the processes of one. */
import * as z from 'zod'
import { scheduleViews } from '../../../engine/coordinator/schedules/calls.ts'
import { checkIds, type Ledger, MICROS_PER_MS, overlapRules } from '../../../engine/core/index.ts'
import type { WorkerRow } from '../../../engine/store/index.ts'
import { healthChecks, healthLevels } from '../../../tools/insight/queue-health.ts'
import { levers } from '../guard/grant.ts'
import { errorSchema, jobId, micros, model, queueName, seq } from './fields.ts'

export const signInSchema = z.strictObject({
  token: z.string().describe('what the address of the page has behind `#`; it works once'),
})

export const meSchema = z.strictObject({
  actor: z.string().describe('the name under which the log has what you change'),
  role: z.enum(['viewer', 'operator']).describe('a viewer only looks; an operator also changes the queue'),
  levers: z.array(z.enum(levers)).describe('the actions that you may carry out'),
  data: z.boolean().describe('whether payloads, results and errors are shown'),
  queues: z.array(queueName).describe('the queues that you see'),
  store: z.string().describe('where the queues live, without credentials'),
  environment: z.string().nullable().describe('the name of the environment; null: it has none'),
  release: z.string().describe('the release of the server'),
})
export type MeDocument = z.infer<typeof meSchema>

export const queueSchema = z.strictObject({
  queue: queueName,
  version: seq.describe('of the last event'),
  first: z.int().min(1).describe('the first event that can be read'),
  epoch: z
    .int()
    .describe('1 at first; one more each time that a backup was restored, or events were declared void'),
  now: micros.describe("the database's clock"),
})
export type HeadDocument = z.infer<typeof queueSchema>

export const queuesSchema = z.strictObject({
  queues: z
    .array(
      z.union([
        queueSchema,
        z.strictObject({ queue: queueName, error: errorSchema.describe('why it cannot be read') }),
      ]),
    )
    .describe('the head of each queue that you see, or why it cannot be read'),
})

export const workerSchema = z.strictObject({
  workerId: z.string().describe('the id of the process'),
  kinds: z.array(z.string()).nullable().describe('the kinds of jobs that it runs; null: every kind'),
  freeSlots: z.int().describe('how many more jobs it takes now'),
  reads: z
    .int()
    .nullish()
    .describe('the newest shape of events that it reads; null: a worker by SQL, which reads none'),
  release: z.string().describe('its release'),
  startedAt: micros.describe('when it started, in microseconds since 1970'),
  beatAt: micros.describe('when its last heartbeat came, in microseconds since 1970'),
  expiresAt: micros.describe('when it counts as lost without another one, in microseconds since 1970'),
  state: z
    .enum(['live', 'late', 'dead'])
    .describe('late: its heartbeat is overdue; dead: it is lost, or has left'),
})
export type DashboardWorker = z.infer<typeof workerSchema>

export const workersSchema = z.strictObject({
  queue: queueName,
  workers: z.array(workerSchema).describe('the processes that run jobs'),
})

const scheduleSchema = z.strictObject({
  id: z.string().describe('the id of the schedule'),
  owner: z.string().describe('who declared it'),
  cron: z.string().nullable().describe('when it is due, as a cron expression; null: it has everyMs'),
  tz: z.string().describe('the time zone of cron'),
  everyMs: z.int().nullable().describe('milliseconds between due times; null: it has cron'),
  missed: z
    .strictObject({
      upTo: z.int().describe('how many missed due times are fired late, the last ones'),
      withinMs: z.int().nullable().describe('how old these may be, in milliseconds; null: of any age'),
    })
    .describe('what becomes of due times at which no process ran'),
  overlap: z.enum(overlapRules).describe('what happens at a due time while a job of it is live'),
  job: z
    .strictObject({
      kind: z.string().describe('which handler runs them'),
      models: z.array(model).describe('the models that they need'),
      priority: z.int().describe('their priority'),
    })
    .describe('what its jobs get'),
  next: micros.nullable().describe('the due time that is fired next; null: none comes any more'),
  last: micros.nullable().describe('the due time that came last, fired or skipped'),
  paused: z.boolean().describe('whether it fires nothing until it is resumed'),
  live: z.array(jobId).describe('its jobs that wait or run, 100 at most'),
})

export const schedulesSchema = z.strictObject({
  queue: queueName,
  schedules: z.array(scheduleSchema).describe('the next due one first'),
})
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
  queue: queueName,
  level: z.enum(healthLevels).describe('the level of the worst check; unknown: something could not be read'),
  checks: z
    .array(
      z.strictObject({
        check: z.enum(healthChecks).describe('which check'),
        level: z.enum(healthLevels).describe('green: it is fine; red: a problem; amber: a note'),
        what: z.string().describe('what it found, in a sentence'),
        since: micros.nullable().describe('since when; null: it is fine, or nobody knows'),
        jobId: jobId.nullable().describe('a job to look at; null: none'),
      }),
    )
    .describe('each check, also of what is fine'),
  wrong: z
    .array(
      z.strictObject({
        id: z.enum(checkIds).describe('what is wrong, for programs'),
        about: z.enum(healthChecks).describe('which check it is about'),
        level: z
          .enum(['problem', 'note'])
          .describe('a problem lasts until somebody acts; a note is worth a look'),
        what: z.string().describe('what is wrong, in a sentence'),
        remedy: z.string().describe('what to type or to change'),
        since: micros.nullable().describe('since when; null: nobody knows'),
        jobId: jobId.nullable().describe('a job to look at; null: none'),
      }),
    )
    .describe('all that is wrong, the problems first, as `npx interlock-queue doctor` says it'),
})

const sharesOf = z.array(
  z.strictObject({
    name: z.string().describe('of the place, the process or the model'),
    attempts: z.int().describe('attempts that ended there'),
    failed: z.int().describe('those of them that failed, or were lost'),
  }),
)

export const failuresSchema = z.strictObject({
  queue: queueName,
  from: micros.describe('the time asked for, or the first that the answer knows of'),
  to: micros.describe('the time of the answer'),
  attempts: z.int().describe('attempts that ended'),
  failed: z.int().describe('those of them that failed, or were lost'),
  byPlace: sharesOf.describe('places where attempts failed, the 20 with the most'),
  byWorker: sharesOf.describe('the same by the process that ran them'),
  byModel: sharesOf.describe('the same by model'),
})
export type FailuresDocument = z.infer<typeof failuresSchema>

export const limitsSchema = z.strictObject({
  queue: queueName,
  limits: z
    .array(
      z.strictObject({
        model,
        resource: z.string().nullable().describe('what is counted; null: starts'),
        limit: z.int().describe('how much of it in any such window'),
        perSeconds: z.number().describe('the length of the window, in seconds'),
        evidence: z.string().describe('what speaks for it, in a sentence'),
        command: z.string().describe('what to type to set it'),
      }),
    )
    .describe('limits that are not in the policy, and that answers of providers speak for'),
})
export type LimitsDocument = z.infer<typeof limitsSchema>

/** The processes as they are sent. */
export const workerDocuments = (rows: readonly WorkerRow[]): readonly DashboardWorker[] =>
  rows.map(({ kinds, ...row }) => ({ ...row, kinds: kinds === null ? null : [...kinds] }))
