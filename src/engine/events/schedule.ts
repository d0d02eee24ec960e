import * as z from 'zod'
import {
  bounds,
  type CommandBody,
  type DataChange,
  type JobSpec,
  type JobTemplate,
  type Json,
  numberText,
  type OverlapRule,
  overlapRules,
  payloadKeyOf,
  type ScheduleRule,
  scheduleBounds,
  specEntries,
} from '../core/index.ts'
import { type DurationText, msOf } from './dedupe.ts'
import { optionsSchema, parseInput } from './invalid.ts'
import type { EnqueueInput, JobShape } from './job-input.ts'
import { parseJob, shapeOf, wholeNumber } from './job-spec.ts'
import { lazily } from './lazily.ts'
import { jobIdSchema } from './names.ts'

/** What each job of a schedule is: as for `enqueue`, without an id and a time of its own. */
export interface ScheduledJob extends JobShape, Pick<EnqueueInput, 'kind' | 'payload'> {}

/** When a schedule is due, and what its jobs are. */
export interface ScheduleSpec<Job = ScheduledJob> {
  /**
   * When it is due: minute, hour, day of the month, month and weekday, with seconds first if there are six fields; or `@daily` and the
   * like. Either this or `every`.
   */
  readonly cron?: string | undefined
  /** The time zone of `cron`, such as `Europe/Berlin`. @defaultValue `UTC` */
  readonly tz?: string | undefined
  /** The distance between due times: a whole number of `s`, `m`, `h` or `d` such as `15m`, at most `365d`. */
  readonly every?: DurationText | undefined
  /** What becomes of due times at which nobody ran. A due time of the last minute is not missed. */
  readonly missed?:
    | {
        /** So many are made up for, the last ones: 0 to 1,000. @defaultValue 1 */
        readonly upTo?: number | undefined
        /** None that is older, such as `6h`. @defaultValue of any age */
        readonly within?: DurationText | null | undefined
      }
    | undefined
  /** What happens at a due time while a job of the schedule is live. `queueOne`: one may wait. @defaultValue `allow` */
  readonly overlap?: OverlapRule | undefined
  readonly job: Job
}

/** A schedule that a service declares. */
export interface ScheduleInput<Job = ScheduledJob> extends ScheduleSpec<Job> {
  /** 1 to 150 characters, no control characters; unique in the queue. Its jobs are called `<id>@<due time>`. */
  readonly id: string
}

/** A declared schedule: its rule, and the payload of its jobs. Undefined: none was given. */
export interface ParsedSchedule {
  readonly id: string
  readonly rule: ScheduleRule
  readonly payload: Json | undefined
}

const spanError = (what: string) => `must be ${what} such as "15m" (whole s, m, h or d, 365d at most)`
const span = (what: string) =>
  z
    .string({ error: spanError(what) })
    .transform((text) => (/^[1-9]\d{0,8}[smhd]$/.test(text) ? msOf(text) : 0))
    .refine((ms) => ms > 0 && ms <= bounds.durationMs, spanError(what))

const zoneError = 'must be a time zone such as "Europe/Berlin"'

function isZone(tz: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: tz })
    return true
  } catch {
    return false
  }
}

/** Its id and a due time are the id of a job. */
export const scheduleIdSchema = jobIdSchema.refine(
  ({ length }) => length <= scheduleBounds.idLength,
  `must have at most ${scheduleBounds.idLength} characters; shorten it`,
)

const job = lazily(() => optionsSchema(shapeOf(({ alone }) => !alone)))

const cronSchema = z
  .string({ error: 'must be a text such as "30 2 * * *"' })
  .max(
    scheduleBounds.cronLength,
    `must have at most ${numberText(scheduleBounds.cronLength)} characters; write several schedules`,
  )

const schedule = lazily(() =>
  optionsSchema({
    id: scheduleIdSchema,
    cron: cronSchema.optional(),
    tz: z.string({ error: zoneError }).refine(isZone, zoneError).optional(),
    every: span('a distance').optional(),
    missed: optionsSchema({
      upTo: wholeNumber(0, scheduleBounds.upTo).optional(),
      within: span('an age').nullish(),
    }).optional(),
    overlap: z
      .enum(overlapRules, { error: `must be one of ${overlapRules.map((rule) => `"${rule}"`).join(', ')}` })
      .optional(),
    job: job(),
  })
    .refine(({ cron, every }) => (cron === undefined) !== (every === undefined), {
      error: 'needs either cron or every',
    })
    .refine(({ every, tz }) => every === undefined || tz === undefined, {
      path: ['tz'],
      error: 'is for cron; every counts the time that passes',
    }),
)

const listError = `must be a list of at most ${scheduleBounds.perCall} schedules`
const list = lazily(() =>
  z
    .array(schedule(), { error: listError })
    .max(scheduleBounds.perCall, listError)
    .superRefine((schedules, context) => {
      const seen = new Set<string>()
      for (const [i, { id }] of schedules.entries()) {
        if (seen.has(id)) context.addIssue({ code: 'custom', path: [i, 'id'], message: `comes twice: ${id}` })
        seen.add(id)
      }
    }),
)

/** The schedules of a declaration. @throws InterlockError `invalid_input`, naming e.g. `schedules[2].every` */
export function parseSchedules(given: unknown): readonly ParsedSchedule[] {
  return parseInput(list(), given, 'schedules').map(
    ({ id, cron, tz = 'UTC', every, missed, overlap, job }, i) => {
      const { spec, payload } = parseJob({ ...job, jobId: id }, undefined, `schedules[${i}].job`)
      const rest = {
        tz,
        upTo: missed?.upTo ?? 1,
        withinMs: missed?.within ?? null,
        overlap: overlap ?? 'allow',
        job: templateOf(spec),
      }
      return { id, payload, rule: cron === undefined ? { everyMs: every ?? 0, ...rest } : { cron, ...rest } }
    },
  )
}

const templateOf = (spec: JobSpec): JobTemplate =>
  Object.fromEntries(
    specEntries.flatMap(([name, { ofSchedule }]) =>
      ofSchedule && spec[name] !== undefined ? [[name, spec[name]]] : [],
    ),
  ) as unknown as JobTemplate

/**
 * The command that declares them, with the payloads to keep beside the log. When each is due next, is known to the part that knows
 * calendars.
 */
export function declarationOf(
  owner: string,
  revision: number | null,
  parsed: readonly ParsedSchedule[],
): { readonly body: CommandBody & { readonly type: 'set_schedules' }; readonly data: readonly DataChange[] } {
  const schedules = parsed.map(({ id, rule }) => ({ id, rule, next: null }))
  const data = parsed.flatMap(({ id, payload }) =>
    payload === undefined ? [] : [{ jobId: payloadKeyOf(id), payload }],
  )
  return { body: { type: 'set_schedules', owner, revision, schedules }, data }
}

export const revisionSchema = () => wholeNumber(0, Number.MAX_SAFE_INTEGER)

/** The options of a declaration. */
export const declareSchema = () => optionsSchema({ revision: revisionSchema().optional() })

export const ownerSchema = jobIdSchema
