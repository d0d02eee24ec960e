import type { JobSpec, Micros, Places, Tries, Wholes } from '../values/job.ts'
import type { JobKey, LinePosition } from '../values/position.ts'

/** A live job: waiting or active. One that ended is in the log only. */
export interface Job extends JobKey {
  readonly spec: JobSpec
  /** The priority it has now; `spec.priority` is the one it came with. */
  readonly priority: number
  readonly queuedAt: Micros
  readonly position: LinePosition
  /** Of its models that have places: while it is active where they are, while it is in line where it is pinned to; null: none has. */
  readonly places: Places | null
  /**
   * Of each model that it takes as a whole: the places that it has, or waits for in line; none where the model has a number of them. Null: it
   * takes none as a whole, or stands nowhere.
   */
  readonly wholes: Wholes | null
  /** Under which names it stands among the models: those of its spec, but for a model that has places that of one of them. */
  readonly needs: readonly string[]
  readonly active: boolean
  /**
   * It waits, and must not start before this time: it stands in no line and reserves nothing. {@link PARENTS_END}: not before the jobs
   * that it comes after have ended.
   */
  readonly dueAt: Micros | null
  /** Why it stands beside the line though it is due: there it keeps nothing. Null: it does not. */
  readonly held: HeldBack | null
  /** Since when it has been waiting without a break: queue expiry counts from here. */
  readonly waitingSince: Micros
  /** How many attempts were started, and how many of them cost nothing (given back). */
  readonly attempt: number
  readonly free: number
  /** The token of the running attempt. */
  readonly token: number
  /** The process that runs it; null while it waits, and once the attempt is detached. */
  readonly workerId: string | null
  readonly startedAt: Micros
  /** What its attempt is expected to use, if its queue counts that (fair-queue.ts). */
  readonly expects: Micros
  /** The batch in which it runs; null: in none. */
  readonly batch: number | null
  /** The models that its attempt has given back, in that order; null: none. It holds the others. */
  readonly gaveBack: readonly GivenBack[] | null
  /** The deadline of a detached attempt: it keeps its models until then, whatever happens to the process that started it. */
  readonly detachedUntil: Micros | null
  readonly cancelRequested: boolean
  /** The process that waits for it at the gate. */
  readonly asker: string | null
  /** When it was offered to all; null while it is not startable, or not waiting. */
  readonly offeredAt: Micros | null
  /** How many due jobs later in line, sharing a model, have started before it. */
  readonly overtaken: number
  /** While it waits in no class: the starts that passed it since their models were loaded, and perhaps others of before (classes.ts). Null: none. */
  readonly passes: readonly Pass[] | null
  /** How many jobs with its fair key were waiting when it came. */
  readonly fairRank: number
  /** With no models, under `emptySet: exclusive`: it runs alone. */
  readonly exclusive: boolean
  /** All its models are free for it as far as the line is concerned; only a slot may be lacking. */
  readonly ready: boolean
  /** The nearest live job ahead, and the model of that line (null: the line of the whole queue). */
  readonly blockedBy: string | null
  readonly blockedOn: string | null
}

/** What holds a job beside the line, and on what. */
export interface HeldBack {
  readonly as: 'fits_no_place' | 'model_paused' | 'use_over_limit' | 'no_worker'
  /** A model, a place that is paused or that nobody serves, or a resource. */
  readonly on: string
}

/** A model that an attempt gave back before its end, and when. */
export interface GivenBack {
  readonly model: string
  readonly at: Micros
}

/** The job that passed, and when. */
export interface Pass {
  readonly position: LinePosition
  readonly at: Micros
}

/** How often it was tried, as everybody is told: `attempt` of the ledger and of `started` events also counts what was given back. */
export function triesOf({ spec, attempt, free }: Pick<Job, 'spec' | 'attempt' | 'free'>): Tries {
  return { attempt: attempt - free, attempts: spec.attempts, postponed: free }
}

/** How many of its attempts have failed or were lost. */
export function failedTimes(job: Job): number {
  const { attempt } = triesOf(job)
  return job.active ? attempt - 1 : attempt
}

/**
 * When it is due; null where no time says it: while it waits for parents, and between the end of an attempt and its `requeued`, where a
 * void `requeued` leaves it.
 */
export const dueTime = ({ dueAt }: Pick<Job, 'dueAt'>): Micros | null =>
  dueAt === Number.POSITIVE_INFINITY || dueAt === PARENTS_END ? null : dueAt

/** The time of which nobody knows when it will be: later than any that somebody can name. */
export const PARENTS_END = Number.MAX_VALUE

/** It waits until the jobs that it comes after have ended. */
export const awaitsParents = ({ dueAt }: Pick<Job, 'dueAt'>): boolean => dueAt === PARENTS_END

/** It waits, is due and not held: it may start as soon as there is room. */
export function isInLine(job: Job): boolean {
  return !job.active && job.dueAt === null && job.held === null
}

/** False for a job that bypasses: it has no models, takes no slot, and stands in no line. */
export function usesSlot(job: Pick<Job, 'spec' | 'exclusive'>): boolean {
  return job.spec.models.length > 0 || job.exclusive
}

/** The models that it waits for, or has: its own, but for those that its attempt has given back. */
export const heldModels = ({
  spec: { models },
  gaveBack,
}: Pick<Job, 'spec' | 'gaveBack'>): readonly string[] =>
  gaveBack === null ? models : models.filter((name) => gaveBack.every(({ model }) => model !== name))
