/** Amounts by name, such as `{ vram: 24 }`: what a place has, or what a job asks of one. Whole numbers, so nothing is rounded. */
export type Units = Readonly<Record<string, number>>

/** Microseconds since the Unix epoch, an integer: PostgreSQL's resolution, exact in a double until the year 2255. */
export type Micros = number

export const MICROS_PER_MS = 1_000
export const MICROS_PER_SECOND = 1_000_000

export const jobTypes = ['normal', 'workflow'] as const
export type JobType = (typeof jobTypes)[number]

/** Bounds that TypeScript and SQL both enforce. Lengths are in UTF-16 code units; models are counted per job. */
export const bounds = {
  idLength: 200,
  models: 100,
  priority: 1_000,
  capacity: 1_000_000,
  /** Places of one model. */
  places: 1_000,
  /** Names of units at one place, and how much there may be of each. */
  unitNames: 8,
  units: 1_000_000_000,
  /** Places, or patterns of them, that a process says it serves. */
  serves: 100,
  /** Patterns in one map of a policy: a name without a rule of its own is held against each of them. */
  patterns: 100,
  maxOvertakes: 1_000_000,
  /** Starts past a waiting job for the sake of loaded models: each is kept for its class. */
  passed: 1_000,
  /** Models that a process keeps loaded. */
  keeps: 1_000,
  maxActive: 1_000_000,
  attempts: 1_000,
  durationMs: 365 * 24 * 3_600 * 1_000,
  holdSeconds: 86_400,
  /** How many jobs one may come after when it is enqueued. */
  parents: 10_000,
  /** How many times are kept per model. */
  rateStarts: 10_000,
  /** How many resources a job uses, how much of each, and how many windows one has. */
  uses: 20,
  use: 100_000_000,
  windows: 10,
  /** How many jobs of one kind start together, for one call of a handler. */
  batch: 1_000,
  spacingSeconds: 3_600,
  weight: 1_000,
  /** Fair keys without live jobs whose use is remembered. */
  idleKeys: 10_000,
} as const

/**
 * What a job was enqueued with. It does not change while the job is live; only the models may, when a job is requeued with
 * others. Enqueueing a live id with another spec fails with `job_exists`.
 */
export interface JobSpec {
  readonly jobId: string
  readonly jobType: JobType
  /** Which handler runs it; the job type unless given. */
  readonly kind: string
  /** In the order given, without duplicates. Empty: the job bypasses. */
  readonly models: readonly string[]
  /** A level is worth `policy.ageSeconds` of waiting. */
  readonly priority: number
  /** It must not start before this time; null: at once. */
  readonly runAt: Micros | null
  /** How many attempts may be started in all. */
  readonly attempts: number
  /** How long one attempt may run, in milliseconds. */
  readonly timeoutMs: number
  /** How long it may wait since it last became waiting, in milliseconds; null: for ever. */
  readonly expireMs: number | null
  /** Who owns it, for `policy.fairShare`; null: nobody in particular. */
  readonly fairKey: string | null
  /**
   * Something is kept for it beside the log (a payload, or its row of the user's `jobs`), and a worker reads it before it begins.
   * Absent: its first attempt begins without asking the database.
   */
  readonly hasData?: true
  /** The hash of its payload, if it came with one: a live id with another payload is another job. */
  readonly payloadHash?: number
  /**
   * For how long from its `queued` event on no other job is enqueued `once` under its id, in milliseconds; {@link FOR_EVER}: never again.
   * Absent: its id is taken only while it is live.
   */
  readonly once?: number
  /** A word to find it by among others (docs/guides/many-jobs.md). It has no effect on when it starts. Absent: none. */
  readonly tag?: string
  /** Those of its models of which it takes all places, in the order of `models`. Absent: it takes one of each. */
  readonly whole?: readonly string[]
  /** By the one model that has units: what it asks of one of that model's places. Absent: it takes all of each place that it is in. */
  readonly asks?: Readonly<Record<string, Units>>
  /** The schedule that fired it. Its due time is in its id: `<schedule>@<due time>`. */
  readonly schedule?: string
  /** Another job that has its key stands for it. Absent: none does. */
  readonly dedupe?: Dedupe
  /** How much of which resources each of its attempts is expected to use: it starts when the policy has room for all of it. Absent: none. */
  readonly uses?: Uses
  /**
   * The hash of the jobs that it was enqueued to come after, and of what it does if they do not complete. It stands in no line until it
   * is `released`. The jobs themselves are in the `linked` events. Absent: it comes after none.
   */
  readonly after?: number
}

/** Whether the job takes all places of this model. */
export const takesAllOf = ({ whole }: Pick<JobSpec, 'whole'>, model: string): boolean =>
  whole?.includes(model) === true

/** How much of which resources (tokens, say), by their names. Whole numbers. */
export type Uses = Readonly<Record<string, number>>

/** By what a job is deduplicated. */
export interface Dedupe {
  /** A digest of the key that the caller gave: neither the log nor the memory knows the key. */
  readonly key: string
  /**
   * For how long the job has its key: while it waits (a retry included), while it is live, or for so many milliseconds from its `queued`
   * event, whatever becomes of it.
   */
  readonly while: 'waiting' | 'live' | number
  /** The job starts when no other came with its key for a while, with the payload of the last one. It then has its key while it waits. */
  readonly debounce?: Debounce
}

/** In milliseconds. */
export interface Debounce {
  /** How long after the last one the job may start. */
  readonly delay: number
  /** How long after the first one it may start at the latest. */
  readonly maxDelay: number
}

/** Of `once`: the id is never free again. */
export const FOR_EVER = 0

/** What a spec is unless said otherwise. `attempts` is 1 for jobs that come through the gate. */
export const specDefaults = {
  priority: 0,
  runAt: null,
  attempts: 3,
  timeoutMs: 3_600_000,
  expireMs: null,
  fairKey: null,
} as const

/**
 * How long after `timeoutMs` the first process that notices ends an attempt. Its holder, whose own timer fires at `timeoutMs`,
 * goes first: it stops the work and reports it.
 */
export const TIMEOUT_MARGIN_MS = 5_000

/** How often a job was tried. An attempt that was given back costs nothing: it is counted as postponed only. */
export interface Tries {
  /** Which attempt this is, from 1; 0 before the first one. */
  readonly attempt: number
  /** How many there may be. */
  readonly attempts: number
  /** How many were given back: by `RetryLater`, by a worker that was stopped, or since nobody took the start up. */
  readonly postponed: number
}

/** `attempt 1 of 5, postponed once`. */
export const attemptText = (tries: Tries): string => `attempt ${triesText(tries)}`

/** `1 of 5, postponed once`, for a column. */
export function triesText({ attempt, attempts, postponed }: Tries): string {
  const often = ['', ', postponed once', ', postponed twice'][postponed] ?? `, postponed ${postponed} times`
  return `${attempt} of ${attempts}${often}`
}

/** Names one attempt. The fencing token is the sequence number of its `started` event: it never repeats within an epoch. */
export interface AttemptKey {
  readonly jobId: string
  readonly fencingToken: number
  /** Grows when a backup is restored, after which numbers of the log, and with them tokens, are used a second time. */
  readonly epoch: number
}

/** The right to run one attempt. */
export interface Lease extends AttemptKey {
  /** Epoch and token as one text that grows with every start, also across a restore: see {@link fenceOf}. */
  readonly fence: string
  /** The place of each of its models that has places; absent: none has. */
  readonly places?: Readonly<Record<string, string>>
}

/** @returns the lease of this attempt */
export function leaseOf(
  jobId: string,
  fencingToken: number,
  epoch: number,
  places: Lease['places'] | null = null,
): Lease {
  const lease = { jobId, fencingToken, epoch, fence: fenceOf({ fencingToken, epoch }) }
  return places == null ? lease : { ...lease, places }
}

/**
 * Epoch and token padded with zeros to 10 and 16 digits, joined by a dot: `0000000001.0000000000000017`. So `<` in JavaScript and
 * `COLLATE "C"` in SQL agree which of two starts came later. A service that keeps the greatest that it has seen refuses a late call.
 */
export const fenceOf = ({ epoch, fencingToken }: Omit<AttemptKey, 'jobId'>): string =>
  `${String(epoch).padStart(10, '0')}.${String(fencingToken).padStart(16, '0')}`

/** The place of each model of a job that has places. */
export type Places = Readonly<Record<string, string>>

/** By model that a job takes as a whole: its places. */
export type Wholes = Readonly<Record<string, readonly string[]>>
