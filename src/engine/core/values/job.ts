import {
  findFields,
  type JobField,
  jobFields,
  type SpecField,
  type SpecKinds,
  specFields,
} from './job-table.ts'

export * from './job-parts.ts'

type Fields = typeof specFields
type Optional = {
  [Name in keyof Fields]: Fields[Name] extends { readonly optional: true } ? Name : never
}[keyof Fields]
type ValueOf<Field extends SpecField> =
  | SpecKinds[Field['is']]
  | (Field extends { readonly usual: null } ? null : never)

/**
 * What a job was enqueued with. It does not change while the job is live; only the models may, when a job is requeued with
 * others. Enqueueing a live id with another spec fails with `job_exists`.
 */
export type JobSpec = { readonly [Name in Exclude<keyof Fields, Optional>]: ValueOf<Fields[Name]> } & {
  readonly [Name in Optional]?: ValueOf<Fields[Name]>
}

/** What each job of a schedule is enqueued with. */
export type JobTemplate = Pick<
  JobSpec,
  { [Name in keyof Fields]: Fields[Name] extends { readonly ofSchedule: true } ? Name : never }[keyof Fields]
>

/** What lists of jobs say of each; null: it has none. */
export type ListedSpec = {
  readonly [Name in keyof Fields as Fields[Name] extends { readonly listed: true } ? Name : never]:
    | ValueOf<Fields[Name]>
    | (Fields[Name] extends { readonly optional: true } ? null : never)
}

/** The fields of a job, to go through. */
// Pure, so a page that does not need it has none of its words.
export const jobEntries = /* @__PURE__ */ Object.entries(jobFields) as readonly (readonly [
  keyof typeof jobFields,
  JobField,
])[]

type Finds = typeof findFields
type FindName<Name, Find> = Find extends { readonly as: infer As extends string } ? As : Name
/** A word that jobs are found by: a text for each, by the name that programs have for it. */
export type FindWords = {
  readonly [Name in keyof Finds as FindName<Name, Finds[Name]>]?: string | undefined
}
/** The same as people write it. */
export type FindFlags = { readonly [Name in keyof Finds as Finds[Name]['word']]?: string }
/** Both, to go through, with the field of the job. */
export const findEntries = Object.entries<{ word: string; as?: string; flag: string; says: string }>(
  findFields,
).map(([field, find]) => ({
  ...find,
  field: field as keyof Finds,
  name: (find.as ?? field) as keyof FindWords,
  word: find.word as keyof FindFlags,
}))

/** Those of its spec. */
export const specEntries = Object.entries(specFields) as readonly (readonly [keyof JobSpec, SpecField])[]

/** The name of a field in SQL: `runAt` is `run_at`. */
export const sqlName = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

type Usual = {
  readonly [Name in keyof Fields as Fields[Name] extends { readonly usual: number | null }
    ? Name
    : never]: ValueOf<Fields[Name]>
}

/** What a spec is unless said otherwise. `attempts` is 1 for jobs that come through the gate. */
export const specDefaults = Object.fromEntries(
  specEntries.flatMap(([name, { usual }]) =>
    usual === undefined || (typeof usual === 'object' && usual !== null) ? [] : [[name, usual]],
  ),
) as Usual

/** Whether the job takes all places of this model. */
export const takesAllOf = ({ whole }: Pick<JobSpec, 'whole'>, model: string): boolean =>
  whole?.includes(model) === true

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

/** How the life of a job ended. The words of `jobs.status`. */
export const outcomes = ['completed', 'failed', 'cancelled', 'expired'] as const

export type JobOutcome = (typeof outcomes)[number]
