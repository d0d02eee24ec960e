import { hash } from './hash.ts'
import { type JobSpec, type JobTemplate, MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from './job.ts'
import { isSameRule } from './policy.ts'
import type { Table } from './table.ts'
import type { Tree } from './tree.ts'
import type { Compare } from './tree-node.ts'

/** What a schedule does at a due time while a job of it is live. */
export const overlapRules = [
  /** It fires all the same. */
  'allow',
  /** It skips that due time. */
  'skip',
  /** It fires if none of its jobs waits: one may run, and one more wait. */
  'queueOne',
] as const
export type OverlapRule = (typeof overlapRules)[number]

/** Why due times were skipped. The last ones: the queue would have refused the job. */
export const skipReasons = [
  /** Nobody ran when they came, or the schedule was declared after them. */
  'missed',
  /** A job of the schedule was live. */
  'overlap',
  ...([
    'job_exists',
    'models_required',
    'unknown_model',
    'fits_no_place',
    'use_over_limit',
    'fair_share_limit',
  ] as const),
] as const
export type SkipReason = (typeof skipReasons)[number]

/** Bounds of a schedule. Its id has to leave room for a due time: together they are the id of a job. */
export const scheduleBounds = {
  idLength: 150,
  cronLength: 1_000,
  everyMs: 1_000,
  upTo: 1_000,
  perCall: 10_000,
} as const

/** What a schedule was declared with. The core knows due times as numbers only; which come next, is computed outside of it. */
export interface ScheduleRule {
  /** An expression in the time zone `tz`; absent: it has `everyMs`. */
  readonly cron?: string
  readonly tz: string
  /** The distance between due times, in milliseconds. */
  readonly everyMs?: number
  /** Of due times that were missed, so many are made up for: the last ones. */
  readonly upTo: number
  /** How old they may be, in milliseconds; null: of any age. */
  readonly withinMs: number | null
  readonly overlap: OverlapRule
  readonly job: JobTemplate
}

/** The key of a schedule. */
export interface ScheduleKey {
  readonly hash: number
  readonly schedule: string
}

/** A schedule, as it stands. */
export interface Schedule extends ScheduleKey {
  /** The service that declared it. */
  readonly owner: string
  readonly rule: ScheduleRule
  /** The due time that is fired or skipped next, and no other; null: none comes any more. */
  readonly next: Micros | null
  /** The due time that came last, fired or skipped: none before it comes again. */
  readonly last: Micros | null
  /** When it was declared. A due time up to then may have come when it was there before, so it never fires. */
  readonly since: Micros
  readonly paused: boolean
}

/** Who declares schedules, and at which revision last. */
export interface ScheduleOwner {
  readonly hash: number
  readonly owner: string
  readonly revision: number
}

/** The due time of a schedule that is not paused. */
export interface DueTime {
  readonly at: Micros
  readonly schedule: string
}

/** A live job, by the schedule that it came from. */
export interface FiredJob {
  readonly schedule: string
  readonly jobId: string
}

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
export const byDueTime: Compare<DueTime> = (a, b) => a.at - b.at || byText(a.schedule, b.schedule)
export const bySchedule: Compare<FiredJob> = (a, b) =>
  byText(a.schedule, b.schedule) || byText(a.jobId, b.jobId)

/** The parts of a ledger that are about schedules. */
interface Scheduling {
  readonly schedules: Table<Schedule, ScheduleKey>
  readonly owners: Table<ScheduleOwner>
  readonly dueTimes: Tree<DueTime>
  readonly fired: Tree<FiredJob>
}

export const scheduleOf = ({ schedules }: Pick<Scheduling, 'schedules'>, schedule: string) =>
  schedules.size === 0 ? undefined : schedules.get({ hash: hash(schedule), schedule })

/** The last revision of an owner; undefined: it gave none. */
export const revisionOf = ({ owners }: Pick<Scheduling, 'owners'>, owner: string): number | undefined =>
  owners.size === 0 ? undefined : owners.get({ hash: hash(owner), owner, revision: 0 })?.revision

/**
 * Under this name the payload of a schedule's jobs is kept beside the log. No job is called so: ids have no control characters.
 */
export const payloadKeyOf = (schedule: string): string => `${MARK}${schedule}`
export const isPayloadKey = (name: string): boolean => name.startsWith(MARK)
const MARK = '\u0001'

/** The id of the job that a schedule fires at a due time. @param nth from 2 on: others have the ids before */
export const firedId = (schedule: string, due: Micros, nth = 1): string =>
  `${schedule}@${new Date(due / MICROS_PER_MS).toISOString()}${nth === 1 ? '' : `~${nth}`}`

/** Why a row or a submission does not come into line. */
export const ofScheduleText = (jobId: string, schedule: string): string =>
  `job ${jobId} has an id that the schedule ${schedule} gives to its own jobs; use another id`

/** The due time for which a job was fired, as its id says it. */
export const dueOf = ({ jobId, schedule = '' }: Pick<JobSpec, 'jobId' | 'schedule'>): Micros =>
  Date.parse(jobId.slice(schedule.length + 1).replace(/~\d+$/, '')) * MICROS_PER_MS

const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** The schedule that gives this id to its job at some due time. Anybody can tell it beforehand. */
export function ownerOfId(ledger: Pick<Scheduling, 'schedules'>, jobId: string): Schedule | undefined {
  const at = jobId.lastIndexOf('@')
  return isTime.test(jobId.slice(at + 1)) ? scheduleOf(ledger, jobId.slice(0, Math.max(0, at))) : undefined
}

/** When the next schedule is due. */
export const nextDueAt = ({ dueTimes }: Pick<Scheduling, 'dueTimes'>): Micros | undefined =>
  dueTimes.min()?.at

/** The live jobs of a schedule, in the order of their ids. */
export function* firedBy({ fired }: Pick<Scheduling, 'fired'>, schedule: string): Generator<FiredJob> {
  let job = fired.after({ schedule, jobId: '' })
  for (; job?.schedule === schedule; job = fired.after(job)) yield job
}

/** Whether due times follow from both in the same way: then a changed job or rule of overlap leaves the next one as it is. */
export const isSameTiming = (a: ScheduleRule, b: ScheduleRule): boolean =>
  a.cron === b.cron && a.tz === b.tz && a.everyMs === b.everyMs

/** Whether nothing differs between the two. */
export const isSameSchedule = (a: ScheduleRule, b: ScheduleRule): boolean => isSameRule(a, b)

/** A due time that is older than this was missed: nobody ran when it came. A process that is merely late fires it. */
const MISSED_AFTER: Micros = 60 * MICROS_PER_SECOND

/**
 * Which of the due times that have come are fired; the others are skipped. If the first of them was missed, these are the last `upTo`.
 * One that has just come is fired in any case.
 * @param first the one that is next by the log; where that came before the schedule was declared: the first since then
 * @param come the last of those that have come, in order
 */
export function wantedOf(
  { upTo, withinMs }: ScheduleRule,
  first: Micros | undefined,
  come: readonly Micros[],
  now: Micros,
): readonly Micros[] {
  if (first !== undefined && come[0] === first && now - first <= MISSED_AFTER) return come
  const newest = come.at(-1) ?? 0
  const isOnTime = now - newest <= MISSED_AFTER
  const count = Math.max(upTo, isOnTime ? 1 : 0)
  const oldest = withinMs === null ? 0 : now - withinMs * MICROS_PER_MS
  return come
    .slice(Math.max(0, come.length - count))
    .filter((at) => at >= oldest || (isOnTime && at === newest))
}
