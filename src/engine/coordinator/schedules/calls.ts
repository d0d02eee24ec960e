import { firedBy, type Ledger, MICROS_PER_MS, type Micros, type Schedule } from '../../core/index.ts'
import { checkScheduled, type KnownKinds, type ScheduleInput, schedulesGiven } from '../../events/index.ts'
import type { ScheduleView } from '../api/calls.ts'
import type { Coordinator } from '../api/coordinator.ts'
import type { Schedules } from './schedules.ts'

type ScheduleCalls = Pick<
  Coordinator,
  | ('schedules' | 'schedule' | 'listSchedules' | 'previewSchedule')
  | ('pauseSchedule' | 'resumeSchedule' | 'removeSchedule')
>

/** Tells of what the jobs of schedules say without effect, or refuses it. */
type CheckJobs = (
  jobs: readonly (ScheduleInput['job'] | undefined)[],
  root: (at: number) => string,
) => Promise<void> | undefined

/** The calls about schedules. */
export const schedulesOf = (
  schedules: Schedules,
  check: CheckJobs,
  contract: KnownKinds | undefined,
): ScheduleCalls => {
  const declare: ScheduleCalls['schedules'] = async (owner, given, { revision = null } = {}) => {
    if (contract?.schemas !== undefined) await checkScheduled(contract, given)
    await check(Array.isArray(given) ? given.map((one) => one?.job) : [], (at) => `schedules[${at}].job.`)
    return schedules.declare(owner, schedulesGiven(given, contract), revision ?? null)
  }
  return {
    schedules: declare,
    schedule: (id, spec, options) => declare(`schedule:${id}`, [{ ...spec, id }], options),
    listSchedules: ({ owner } = {}) => scheduleViews(schedules.ledger, owner),
    previewSchedule: (id, count = 10) => schedules.preview(id, count).map(dateOf),
    pauseSchedule: (id) => schedules.pause(id),
    resumeSchedule: (id) => schedules.resume(id),
    removeSchedule: (id) => schedules.remove(id),
  }
}

/** The schedules of a ledger, or of one owner, the next due one first. */
export const scheduleViews = (ledger: Ledger, owner?: string): readonly ScheduleView[] =>
  [...ledger.schedules]
    .filter((one) => owner === undefined || one.owner === owner)
    .toSorted((a, b) => (a.next ?? Infinity) - (b.next ?? Infinity) || (a.schedule < b.schedule ? -1 : 1))
    .map((one) => viewOf(ledger, one))

const dateOf = (at: Micros): Date => new Date(at / MICROS_PER_MS)
const dateOrNull = (at: Micros | null): Date | null => (at === null ? null : dateOf(at))

const MOST_LIVE = 100

function viewOf(ledger: Ledger, { schedule: id, owner, rule, next, last, paused }: Schedule): ScheduleView {
  const { cron = null, tz, everyMs = null, upTo, withinMs, overlap, job } = rule
  const live: string[] = []
  for (const { jobId } of firedBy(ledger, id)) if (live.push(jobId) === MOST_LIVE) break
  return {
    id,
    owner,
    cron,
    tz,
    everyMs,
    missed: { upTo, withinMs },
    overlap,
    job: { kind: job.kind, models: job.models, priority: job.priority },
    next: dateOrNull(next),
    last: dateOrNull(last),
    paused,
    live,
  }
}
