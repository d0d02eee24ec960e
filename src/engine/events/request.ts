import * as z from 'zod'
import {
  type Claim,
  type CommandBody,
  type DataChange,
  failureCodes,
  InterlockError,
  invalidInput,
  type Json,
  type Micros,
  specDefaults,
  type Uses,
} from '../core/index.ts'
import { errorData } from './error-data.ts'
import { parseInput } from './invalid.ts'
import {
  enqueueBody,
  keptOf,
  type ParsedJob,
  parseJob,
  parseJobs,
  timeSchema,
  usesSchema,
  wholeNumber,
} from './job-spec.ts'
import { parseResult, reaches } from './json.ts'
import { lazily } from './lazily.ts'
import { jobIdSchema, keepsSchema, kindSchema, modelSchema, modelsSchema, servesSchema } from './names.ts'
import { declarationOf, ownerSchema, parseSchedules, revisionSchema, scheduleIdSchema } from './schedule.ts'

const MICROS = 1_000_000
const YEAR_SECONDS = 365 * 86_400
/** A time that has always passed. */
const AT_ONCE = 0

/** No value of a command is this many levels deep: a payload may nest 100 deep, and is in a list in the command. */
const DEEPEST = 106

const workerId = jobIdSchema
const token = z.int('must be the fencing token of the attempt').min(1)
const kinds = z.array(kindSchema).nullish().default(null)
/** What a process says of itself. */
const says = { serves: servesSchema.optional(), keeps: keepsSchema.optional() }
const claimed = { max: wholeNumber(1, 1_000), kinds, ...says }
const claim = z.strictObject(claimed)
const seconds = z.number().min(0).max(YEAR_SECONDS)

const attempt = { job_id: jobIdSchema, token, worker_id: workerId.optional() }
/** Its end gives models back, so the worker may claim in the same append. */
const held = { ...attempt, claim: claim.optional() }
const anything = z.unknown().optional()
/** What the attempt has used. */
const used = usesSchema(0).optional()
const schedule = { schedule: scheduleIdSchema }

/**
 * The commands that SQL may give, by type, with their fields. Each comment: the fields, and the answer beside `ok`.
 * docs/reference/sql-workers.md has them: `npm run generate -- reference`.
 */
const fieldsOf = () => ({
  /**
   * `jobs`: [{`job_id`, `models`, …}]: these two, and the other options of docs/reference/settings.md#a-job but `ref`, under names such as
   * `run_at`; `under`? {`job_id`, `token`}: the running attempt that adds them (docs/guides/flows.md#jobs-that-a-handler-adds). Answer:
   * `queued`: how many are new in line; `known`: ids that were live already with the same spec, or enqueued `once` before; `waiting`: ids
   * that have to wait; `deduplicated`?: [{`job_id`, `stands_for`}], for which others stand (docs/guides/idempotency.md#duplicates).
   */
  enqueue: { jobs: z.unknown(), under: z.strictObject({ job_id: jobIdSchema, token }).optional() },
  /**
   * `worker_id`, `job` (as above; 1 attempt unless said), `wait`?, `serves`?, `keeps`?. Answer: that of the gate: `allowed`, with `lease` (an
   * attempt; null for one that bypasses), or with `code`, `reason`, `blocked_by`, `ahead` (also as `position`). With `wait` the job is kept
   * for this worker and starts when it may: then `job_queue_held` shows it, and the same `start` answers with its lease.
   */
  start: { worker_id: workerId, job: z.unknown(), ...says, wait: z.boolean().default(false) },
  /**
   * `worker_id`, `max`, `kinds`? (null: all), `serves`? (the only places that it is given from then on: names, or patterns such as
   * `host1:*`), `keeps`? (how many docs/guides/gpus.md#loaded-models it keeps). Answer: `started`: a list of attempts.
   */
  claim: { worker_id: workerId, ...claimed },
  /** `job_id`, `token`, `result`?, `used`? {resource: n}: what it used, else as reserved. */
  complete: { ...held, result: anything, used },
  /** `job_id`, `token`, `error`? (a text, or {`name`, `message`}), `code`?, `retry_seconds`? (0; null: no further attempt), `used`?. */
  fail: {
    ...held,
    error: anything,
    used,
    code: z.enum(failureCodes).default('handler_error'),
    retry_seconds: seconds.nullable().default(0),
  },
  /** `job_id`, `token`, `reason`? (`later`, `drained`), `seconds`?, `models`? (what it needs next), `used`?. */
  release: {
    ...held,
    reason: z.enum(['later', 'drained']).default('later'),
    seconds: seconds.default(0),
    models: modelsSchema.optional(),
    used,
  },
  /** `job_id`, `token`, `used`?. */
  confirm_cancel: { ...held, used },
  /** `job_id`, `token`, `until` (2026-11-24T15:00:00Z). Its models stay taken, so it takes no `claim`. */
  detach: { ...attempt, until: timeSchema },
  /**
   * `job_id`, `token`, `model`: gives this model back (docs/inside/conflict-rules.md#given-back-early); again: nothing. `epoch`?: that of the lease, as a token of
   * another epoch is stale.
   */
  done: { ...held, model: modelSchema, epoch: z.int().min(1).optional() },
  /**
   * `job_id`, `force`?, `descendants`?, `queued_at`? (only that life of the job: when it was queued, in microseconds). Answer: `left`: more
   * jobs come after it; send it again under a new id.
   */
  cancel: {
    job_id: jobIdSchema,
    worker_id: workerId.optional(),
    force: z.boolean().default(false),
    descendants: z.boolean().default(false),
    queued_at: z.int().optional(),
  },
  /**
   * `owner`, `schedules`: [{`id`, `cron` or `every`, `tz`?, `missed`?: {`up_to`, `within`}, `overlap`?, `job`: as above, without `job_id`,
   * `run_at`, `once` and traces}], `revision`?. Answer: all docs/guides/schedules.md of that owner, by id: `set`, `removed`, `kept`; `is_outdated`: a newer
   * revision was declared, nothing changed.
   */
  schedules: { owner: ownerSchema, schedules: z.unknown(), revision: revisionSchema().nullish() },
  /** `schedule`. */
  pause_schedule: schedule,
  /** `schedule`. */
  resume_schedule: schedule,
  /** `schedule`. */
  remove_schedule: schedule,
})

const requestSchema = lazily(() => {
  const of = fieldsOf()
  const command = <Type extends keyof typeof of>(type: Type) =>
    z.strictObject({ type: z.literal(type), ...of[type] })
  return z.discriminatedUnion(
    'type',
    [
      command('enqueue'),
      command('start'),
      command('claim'),
      command('complete'),
      command('fail'),
      command('release'),
      command('confirm_cancel'),
      command('detach'),
      command('done'),
      command('cancel'),
      command('schedules'),
      command('pause_schedule'),
      command('resume_schedule'),
      command('remove_schedule'),
    ],
    {
      error:
        'type: must be enqueue, start, claim, complete, fail, release, confirm_cancel, detach, done, cancel, schedules, pause_schedule, resume_schedule, remove_schedule or heartbeat',
    },
  )
})
type InboxCommand = z.infer<ReturnType<typeof requestSchema>>

/** A command that SQL put into the inbox, as a {@link CommandBody} with what goes with it. */
export interface ParsedRequest {
  readonly body: CommandBody
  /** Null: nobody in particular. */
  readonly workerId: string | null
  readonly claim: Claim | undefined
  readonly data: readonly DataChange[]
  /** For an enqueue. */
  readonly jobs?: readonly ParsedJob[]
  /** For a cancel: which life of the job. */
  readonly queuedAt: number | null
}

/** @param now the database's time @throws InterlockError `invalid_input`, naming the path below `command` */
export function parseRequest(command: unknown, now: Micros): ParsedRequest {
  if (reaches(command, DEEPEST)) {
    throw new InterlockError('invalid_input', 'command: nests deeper than 100 levels; make it flatter', {
      path: 'command',
    })
  }
  const request = parseInput(requestSchema(), command, 'command')
  return {
    ...bodyOf(request, now),
    workerId: ('worker_id' in request ? request.worker_id : undefined) ?? null,
    claim: claimOf(request),
    queuedAt: (request.type === 'cancel' ? request.queued_at : undefined) ?? null,
  }
}

/** A job that was committed in a transaction of its submitter. @throws InterlockError `invalid_input`, naming the path */
export const parseSubmission = (job: Json): ParsedJob => parseJob(camel(job))

function claimOf(request: InboxCommand): Claim | undefined {
  if (request.type !== 'claim' && request.type !== 'start')
    return 'claim' in request ? request.claim : undefined
  const { serves, keeps } = request
  const said = { ...(serves && { serves }), ...(keeps && { keeps }) }
  if (request.type === 'claim') return { max: request.max, kinds: request.kinds, ...said }
  // It says what the process is, and claims nothing.
  return serves || keeps ? { max: 0, kinds: null, ...said } : undefined
}

function bodyOf(request: InboxCommand, now: Micros): Pick<ParsedRequest, 'body' | 'data' | 'jobs'> {
  switch (request.type) {
    case 'enqueue': {
      const jobs = Array.isArray(request.jobs) ? request.jobs.map(camel) : request.jobs
      const parsed = parseJobs(jobs)
      const { under } = request
      const added = under === undefined ? {} : { under: { jobId: under.job_id, token: under.token } }
      return { body: { ...enqueueBody(parsed), ...added }, data: keptOf(parsed), jobs: parsed }
    }
    case 'start': {
      const job = parseJob(camel(request.job), { ...specDefaults, attempts: 1 })
      if (job.spec.dedupe !== undefined)
        throw invalidInput('command.job.dedupe: is for enqueue', 'command.job.dedupe')
      return { body: { type: 'ask', spec: job.spec, wait: request.wait }, data: keptOf([job]) }
    }
    case 'claim':
      return { body: { type: 'claim' }, data: [] }
    case 'cancel':
      return { body: cancelBody(request), data: [] }
    case 'schedules': {
      const given = Array.isArray(request.schedules)
        ? request.schedules.map(camelSchedule)
        : request.schedules
      return declarationOf(request.owner, request.revision ?? null, parseSchedules(given))
    }
    case 'resume_schedule':
      return { body: { type: 'resume_schedule', schedule: request.schedule, next: null }, data: [] }
    case 'pause_schedule':
    case 'remove_schedule':
      return { body: { type: request.type, schedule: request.schedule } as CommandBody, data: [] }
    default:
      return endOf(request, now)
  }
}

function cancelBody({ job_id: jobId, force, descendants }: InboxCommand & { readonly type: 'cancel' }) {
  const all = descendants ? { descendants } : {}
  return { type: 'cancel', jobId, force, ...all } as const
}

type EndRequest = Exclude<InboxCommand, { readonly type: OtherType }>
type OtherType =
  | ('enqueue' | 'start' | 'claim' | 'cancel')
  | ('schedules' | 'pause_schedule' | 'resume_schedule' | 'remove_schedule')

function endOf(request: EndRequest, now: Micros): Pick<ParsedRequest, 'body' | 'data'> {
  const { job_id: jobId, token: of } = request
  switch (request.type) {
    case 'complete': {
      const data = request.result === undefined ? [] : [{ jobId, result: parseResult(request.result) }]
      return { body: { type: 'complete', jobId, token: of, ...usedIn(request) }, data }
    }
    case 'fail': {
      const { code, retry_seconds: wait, error } = request
      const retryAt = wait === null ? null : wait === 0 ? AT_ONCE : Math.round(now + wait * MICROS)
      const data = error === undefined ? [] : [{ jobId, error: errorData(error) }]
      return { body: { type: 'fail', jobId, token: of, code, retryAt, ...usedIn(request) }, data }
    }
    case 'release': {
      const { reason, seconds: wait, models } = request
      const runAt = wait === 0 ? null : Math.round(now + wait * MICROS)
      const others = { ...(models === undefined ? {} : { models }), ...usedIn(request) }
      return { body: { type: 'release', jobId, token: of, reason, runAt, ...others }, data: [] }
    }
    case 'confirm_cancel':
      return { body: { type: 'confirm_cancel', jobId, token: of, ...usedIn(request) }, data: [] }
    case 'detach':
      return { body: { type: 'detach', jobId, token: of, until: request.until }, data: [] }
    case 'done': {
      const { model, epoch } = request
      const body = { type: 'done', jobId, token: of, model } as const
      return { body: epoch === undefined ? body : { ...body, epoch }, data: [] }
    }
  }
}

const usedIn = ({ used }: { readonly used?: Uses | undefined }): { readonly used?: Uses } =>
  used === undefined ? {} : { used }

/** `up_to` becomes `upTo`, and so on below `missed` and `job`. */
function camelSchedule(schedule: unknown): unknown {
  const flat = camel(schedule)
  if (flat === schedule) return schedule
  const { missed, job, ...rest } = flat as { readonly [field: string]: unknown }
  return { ...rest, ...(missed === undefined ? {} : { missed: camel(missed) }), job: camel(job) }
}

/** `job_id` becomes `jobId`: a job has the same fields in SQL as in TypeScript. */
function camel(job: unknown): unknown {
  if (typeof job !== 'object' || job === null || Array.isArray(job)) return job
  return Object.fromEntries(
    Object.entries(job).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      nestedIn(key, value),
    ]),
  )
}

/** Values of a job that are objects of their own, or lists of such. */
function nestedIn(key: string, value: unknown): unknown {
  if (key === 'after' && Array.isArray(value)) return value.map(camel)
  return key === 'dedupe' || key === 'debounce' ? camel(value) : value
}
