// What the tables of jobs and policies are made of: bounds, and values that have parts.

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
