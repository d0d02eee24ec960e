import { bounds, type Dedupe, type JobType, jobTypes, type Units, type Uses } from './job-parts.ts'
import { UNITS_SINCE } from './policy-table.ts'

/** A release that does not know uses would start more than their limits allow. */
export const USES_SINCE = 6
/** A release that does not know what is given back early, or taken as a whole, would take the starts of others for a broken log. */
export const EARLY_SINCE = 6

/** What a value of a job may be, as somebody gives it. */
export type JobRule =
  | { readonly is: 'name'; readonly noun: string; readonly example: string }
  | { readonly is: 'word'; readonly words: readonly string[] }
  | { readonly is: 'whole'; readonly min: number; readonly max: number; readonly unit?: string }
  | {
      readonly is:
        | 'models'
        | 'modes'
        | 'asks'
        | 'uses'
        | 'time'
        | 'once'
        | 'dedupe'
        | 'after'
        | 'json'
        | 'header'
    }

interface FindField {
  readonly word: string
  readonly as?: string
  readonly flag: string
  readonly says: string
}

/** A field of a job that somebody enqueues. */
export type JobField = JobRule & {
  readonly required?: true
  /** Null says the same as nothing. */
  readonly orNull?: true
  /** It is of one job alone: a schedule does not say it of each of its jobs. */
  readonly alone?: true
  /** What it may be depends on the kind of the job, where the kinds are known. */
  readonly byKind?: true
  /** Its flags on the command line, and what each says. A field with flags may also stand in a line of a file. */
  readonly flags?: Readonly<Record<string, string>>
}

/** By which fields jobs are found: the word for it on the command line, that of programs if it is another one, and what its flag says. */
export const findFields = {
  kind: { word: 'kind', flag: '--kind <kind>', says: 'only jobs of this kind' },
  models: { word: 'model', as: 'model', flag: '--model <name>', says: 'only jobs that need this model' },
  fairKey: { word: 'customer', flag: '--customer <key>', says: 'only jobs of this customer (their fairKey)' },
  tag: { word: 'tag', flag: '--tag <word>', says: 'only jobs that were enqueued with this tag' },
} as const satisfies Readonly<Record<string, FindField>>

/**
 * What a job may be enqueued with, each field once. The type, the schema and its errors, the quick check, the form in SQL with what is checked
 * there, the columns of a file, the flags of the command line, and the words of a search follow from here. What an error calls the fields comes
 * in this order.
 */
export const jobFields = {
  /**
   * 1 to 200 characters, no control characters. Give one, and the same job is put in line only once while it
   * waits or runs (longer: `once`).
   * @defaultValue a new one (UUID v7), which the answer says
   */
  jobId: {
    is: 'name',
    noun: 'job',
    example: 'report-2041',
    required: true,
    alone: true,
    flags: { '--job <id>': 'the id of one job; a new one unless given' },
  },
  /** `normal` or `workflow`. @defaultValue `normal` */
  jobType: { is: 'word', words: jobTypes, flags: { '--type <normal|workflow>': 'its job type' } },
  /** Which handler runs it. @defaultValue the job type */
  kind: {
    is: 'name',
    noun: 'kind',
    example: 'render',
    byKind: true,
    flags: { '--kind <name>': 'which handler runs it; the job type unless given' },
  },
  /**
   * The models that it needs: at most 100, in the order given, without duplicates.
   * @defaultValue those of its kind (`defineQueue`; through a worker, those of its handler), else none: it runs beside all other jobs
   */
  models: {
    is: 'models',
    required: true,
    flags: {
      '--models <a;b>':
        'the models it needs, else those of its kind; without any it runs beside all others, unless the policy says otherwise',
    },
  },
  /** −1,000 to 1,000. One level is worth `ageSeconds` of waiting (the policy: 60 s). @defaultValue 0 */
  priority: {
    is: 'whole',
    min: -bounds.priority,
    max: bounds.priority,
    flags: { '--priority <n>': 'a level is worth a minute of waiting' },
  },
  /** The earliest time at which it may start: a Date, or a text with a time zone such as `2026-11-24T15:00:00Z`. @defaultValue at once */
  runAt: { is: 'time', orNull: true, alone: true },
  /** How often it may be tried in all, at most 1,000. @defaultValue 3; 1 through the gate */
  attempts: {
    is: 'whole',
    min: 1,
    max: bounds.attempts,
    flags: { '--attempts <n>': 'how many attempts it has (default: 3)' },
  },
  /** How long an attempt may run, in milliseconds. Then its worker ends it, or 5 s later another process does. @defaultValue one hour */
  timeoutMs: { is: 'whole', min: 1, max: bounds.durationMs, unit: ' (milliseconds)' },
  /**
   * How long it may wait, in milliseconds, counted anew each time it comes back into the line. Then it is dead (`expired`).
   * @defaultValue no limit
   */
  expireMs: {
    is: 'whole',
    min: 1,
    max: bounds.durationMs,
    unit: ' (milliseconds), or null for no expiry',
    orNull: true,
  },
  /**
   * Whose job it is, such as a customer, for `fairShare`, `weights` and `tiers` of the policy: 1 to 200 characters.
   * @defaultValue nobody
   */
  fairKey: {
    is: 'name',
    noun: 'fair key',
    example: 'customer-17',
    orNull: true,
  },
  /**
   * How long its id stays taken, from when it is put in line: `90s`, `30m`, `24h`, `7d` (at most `365d`), or `for ever`. The same job
   * again is `known` until then, even if it has ended; another one is refused (`job_exists`).
   * @defaultValue while it is live
   */
  once: {
    is: 'once',
    orNull: true,
    alone: true,
    flags: { '--once <time>': 'how long its id is taken, also if it has ended, such as 24h' },
  },
  /**
   * A key, and for how long the job has it. While another job has the key, this one is not put in line: the other stands for it, and the
   * answer says which.
   * @defaultValue no other job stands for it
   */
  dedupe: {
    is: 'dedupe',
    orNull: true,
    alone: true,
    flags: {
      '--dedupe-key <key>': 'another job with this key stands for it',
      '--dedupe-while <waiting|live|time>': 'for how long it has its key; such as 1h',
    },
  },
  /**
   * The jobs that have to complete before it: ids, names in this call (`ref`), or `{ job, ifFailed }`, where with `continue` the job only
   * has to end; at most 10,000. They are live, have ended, or come in the same call, in any order. Until the last of them has ended, it
   * is not in line, and `expireMs` does not count.
   * @defaultValue none
   */
  after: {
    is: 'after',
    orNull: true,
    alone: true,
    flags: { '--after <a;b>': 'the jobs that have to complete before it; `b?`: only to end' },
  },
  /**
   * A word by which you find it and others with the same tag (`jobs`, `interlock jobs --tag`): 1 to 200 characters. It has no effect on
   * when it starts.
   * @defaultValue none
   */
  tag: {
    is: 'name',
    noun: 'tag',
    example: 'import-2026-11',
    orNull: true,
    flags: { '--tag <word>': 'a word to find it by (jobs --tag)' },
  },
  /**
   * By model, `shared`: it takes one place of that model; `exclusive`: it takes all places, so that no other job has the model meanwhile.
   * @defaultValue `shared`
   */
  modes: {
    is: 'modes',
    orNull: true,
    flags: { '--exclusive <a;b>': 'of these models it takes all places, so no other job has them meanwhile' },
  },
  /**
   * How many units it takes of the place that it gets, for one of its models: `{ 'flux-dev': { vram: 20 } }`, whole numbers from 1. The
   * policy says how many a place has (`units`). More than any place has is refused (`fits_no_place`).
   * @defaultValue all of each place
   */
  asks: {
    is: 'asks',
    orNull: true,
    flags: { '--asks <model=name:n>': 'what it takes of one place of the model, such as flux-dev=vram:20' },
  },
  /**
   * How much of each resource an attempt is expected to use (`{ 'openai-tpm': 1800 }`): at most 20 resources, whole numbers from 1 to
   * 100,000,000. The job waits until the limits of the policy (`uses`) have room for it. It has to name a model.
   * @defaultValue nothing
   */
  uses: {
    is: 'uses',
    orNull: true,
    flags: {
      '--uses <resource=n>':
        'how much it uses of a resource, such as openai-tpm=1800; several separated by `;`',
    },
  },
  /**
   * What its handler gets: any JSON value, 1 MB at most, 16 MB in one call. Kept in `job_queue_data`, never in the log. Without a payload,
   * a live job keeps the one it has; with another one, the call fails (`job_exists`).
   * @defaultValue none
   */
  payload: {
    is: 'json',
    byKind: true,
    flags: { '--payload <json>': 'what its handler gets, such as {"prompt":"a fox"}' },
  },
  /**
   * The W3C trace context to which it belongs, as in the header; kept beside the log. An invalid one is ignored.
   * @defaultValue the context of the call, if `telemetry` propagates it
   */
  traceparent: { is: 'header', orNull: true, alone: true },
  /** The rest of that trace context. @defaultValue the context of the call */
  tracestate: { is: 'header', orNull: true, alone: true },
} as const satisfies Readonly<Record<string, JobField>>

/** What a value of a spec may be: event-guards.ts has the guards of each, and here is its type. */
export interface SpecKinds {
  readonly text: string
  readonly texts: readonly string[]
  readonly jobType: JobType
  readonly int: number
  readonly count: number
  readonly whole: number
  readonly true: true
  readonly dedupe: Dedupe
  readonly asks: Readonly<Record<string, Units>>
  readonly uses: Uses
}

/** A field of a spec. */
export interface SpecField {
  /** The column of the row of its event where it stands; absent: in `data`, under its name in SQL. */
  readonly in?: 'job_id' | 'job_type' | 'models'
  readonly is: keyof SpecKinds
  /** What it is in a row that does not have it: a value, or another field. */
  readonly usual?: number | null | { readonly of: string }
  /** A spec may be without it. */
  readonly optional?: true
  /** The version of the shape of a row that has it. */
  readonly since?: number
  /** A schedule says it of each of its jobs. */
  readonly ofSchedule?: true
  /** Two jobs under one id are the same only if it is the same in both. `bare`: their hash has it without its name, as it always had. */
  readonly compared?: true | 'bare'
  /** Lists of jobs say it of each; null: it has none. */
  readonly listed?: true
  /** What documents say of it. */
  readonly says: string
}

/**
 * What a job was enqueued with, each field once: type, events, comparison, and documents follow from here. It does not change while the job is
 * live; only the models may, when a job is requeued with others.
 */
export const specFields = {
  jobId: { in: 'job_id', is: 'text', listed: true, says: 'the id of the job' },
  jobType: {
    in: 'job_type',
    is: 'jobType',
    ofSchedule: true,
    compared: true,
    says: 'a job of your own, or a step of a workflow',
  },
  /** Which handler runs it; the job type unless given. */
  kind: {
    is: 'text',
    usual: { of: 'jobType' },
    ofSchedule: true,
    compared: true,
    listed: true,
    says: 'which handler runs it',
  },
  /** In the order given, without duplicates. Empty: the job bypasses. */
  models: {
    in: 'models',
    is: 'texts',
    ofSchedule: true,
    compared: true,
    listed: true,
    says: 'the models that it needs',
  },
  /** A level is worth `policy.ageSeconds` of waiting. */
  priority: {
    is: 'int',
    usual: 0,
    ofSchedule: true,
    compared: true,
    listed: true,
    says: 'the higher, the earlier',
  },
  /** It must not start before this time; null: at once. */
  runAt: {
    is: 'int',
    usual: null,
    compared: true,
    says: 'the earliest time at which it may start, in microseconds since 1970; null: at once',
  },
  /** How many attempts may be started in all. */
  attempts: {
    is: 'count',
    usual: 3,
    ofSchedule: true,
    compared: true,
    listed: true,
    says: 'how often it may be tried in all',
  },
  /** How long one attempt may run, in milliseconds. */
  timeoutMs: {
    is: 'count',
    usual: 3_600_000,
    ofSchedule: true,
    compared: true,
    says: 'how long an attempt may run, in milliseconds',
  },
  /** How long it may wait since it last became waiting, in milliseconds; null: for ever. */
  expireMs: {
    is: 'count',
    usual: null,
    ofSchedule: true,
    compared: true,
    says: 'how long it may wait, in milliseconds; null: for ever',
  },
  /** Who owns it, for `policy.fairShare`; null: nobody in particular. */
  fairKey: {
    is: 'text',
    usual: null,
    ofSchedule: true,
    compared: true,
    listed: true,
    says: 'whose job it is, such as a customer; null: nobody in particular',
  },
  /**
   * Something is kept for it beside the log (a payload, or its row of the user's `jobs`), and a worker reads it before it begins.
   * Absent: its first attempt begins without asking the database.
   */
  hasData: {
    is: 'true',
    optional: true,
    ofSchedule: true,
    says: 'something is kept for it beside the log, such as a payload',
  },
  /** The hash of its payload, if it came with one: a live id with another payload is another job. */
  payloadHash: { is: 'whole', optional: true, ofSchedule: true, says: 'the hash of its payload' },
  /**
   * For how long from its `queued` event on no other job is enqueued `once` under its id, in milliseconds; {@link FOR_EVER}: never again.
   * Absent: its id is taken only while it is live.
   */
  once: { is: 'whole', optional: true, says: 'how long its id is taken, in milliseconds; 0: without end' },
  /** Another job that has its key stands for it. Absent: none does. */
  dedupe: {
    is: 'dedupe',
    optional: true,
    says: 'a digest of its key, and for how long it has it: a number of milliseconds, or while it waits or is live',
  },
  /** The schedule that fired it. Its due time is in its id: `<schedule>@<due time>`. */
  schedule: { is: 'text', optional: true, says: 'the schedule that fired it' },
  /**
   * The hash of the jobs that it was enqueued to come after, and of what it does if they do not complete. It stands in no line until it
   * is `released`. The jobs themselves are in the `linked` events. Absent: it comes after none.
   */
  after: {
    is: 'whole',
    optional: true,
    compared: 'bare',
    says: 'the hash of the jobs that it comes after; it has `linked` events',
  },
  /** A word to find it by among others (docs/guides/many-jobs.md). It has no effect on when it starts. Absent: none. */
  tag: {
    is: 'text',
    optional: true,
    ofSchedule: true,
    compared: 'bare',
    listed: true,
    says: 'a word to find it by',
  },
  /** Those of its models of which it takes all places, in the order of `models`. Absent: it takes one of each. */
  whole: {
    is: 'texts',
    optional: true,
    since: EARLY_SINCE,
    ofSchedule: true,
    compared: true,
    listed: true,
    says: 'those of its models of which it takes all places',
  },
  /** By the one model that has units: what it asks of one of that model's places. Absent: it takes all of each place that it is in. */
  asks: {
    is: 'asks',
    optional: true,
    since: UNITS_SINCE,
    ofSchedule: true,
    compared: 'bare',
    says: 'what it asks of one place of a model',
  },
  /** How much of which resources each of its attempts is expected to use: it starts when the policy has room for all of it. Absent: none. */
  uses: {
    is: 'uses',
    optional: true,
    since: USES_SINCE,
    ofSchedule: true,
    compared: 'bare',
    says: 'how much of which resources each attempt is expected to use',
  },
} as const satisfies Readonly<Record<string, SpecField>>
