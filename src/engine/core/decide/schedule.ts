import { dispatch } from '../dispatch/dispatch.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import { jobOf } from '../state/ledger.ts'
import type { CommandResult, Declared, Refusal, ScheduleWish } from '../values/command.ts'
import { NTH_SINCE, type RecordedEvent, SET_LATE_SINCE } from '../values/event.ts'
import type { JobSpec, Micros } from '../values/job.ts'
import { operand } from '../values/safe-text.ts'
import {
  firedBy,
  firedId,
  isSameSchedule,
  isSameTiming,
  revisionOf,
  type Schedule,
  type ScheduleRule,
  type SkipReason,
  scheduleOf,
  wantedOf,
} from '../values/schedule.ts'
import { recordWaiting, refuse, refuseFullShare, refuseUnfit } from './enter.ts'
import { accepted, type Body, refused } from './result.ts'

/**
 * What an owner declares is all that it has: the rest of its schedules is removed. One that is as it was stays so, with its next due time;
 * one that changed keeps that too, unless it is due at other times now. A declaration of an older revision changes nothing. If one of a newer
 * revision changes nothing, its first schedule is set once more: that keeps the revision.
 */
export function setSchedules(scribe: Scribe, body: Body<'set_schedules'>): CommandResult {
  const { draft } = scribe
  const { owner, revision, schedules } = body
  const known = revisionOf(draft, owner)
  if (revision !== null && known !== undefined && revision < known)
    return { ...accepted(scribe), declared: { set: [], removed: [], kept: [], isOutdated: true } }
  const foreign = schedules.find(({ id }) => (scheduleOf(draft, id)?.owner ?? owner) !== owner)
  if (foreign !== undefined) return ownedByOther(scheduleOf(draft, foreign.id)?.owner ?? '', foreign.id)
  const names = new Set(schedules.map(({ id }) => id))
  const gone = [...draft.schedules].filter((one) => one.owner === owner && !names.has(one.schedule))
  const changed = schedules.filter(({ id, rule }) => !isAsItWas(scheduleOf(draft, id), rule))
  const isNoted = changed.length + gone.length > 0 || revision === null || revision === known
  for (const wish of isNoted ? changed : schedules.slice(0, 1)) setOne(scribe, body, wish)
  for (const schedule of gone.map((one) => one.schedule).toSorted()) removeOne(scribe, schedule, revision)
  return { ...accepted(scribe), declared: declaredBy(body, scribe.events) }
}

/** What came of a declaration, by its events. */
export function declaredBy({ schedules }: Body<'set_schedules'>, events: readonly RecordedEvent[]): Declared {
  const idsOf = (type: 'schedule_set' | 'schedule_removed') =>
    events.flatMap((event) => (event.type === type ? [event.schedule] : []))
  const set = idsOf('schedule_set')
  const changed = new Set(set)
  const kept = schedules.flatMap(({ id }) => (changed.has(id) ? [] : [id]))
  return { set, removed: idsOf('schedule_removed'), kept, isOutdated: false }
}

/**
 * The first due time of a schedule that is new may come between its declaration and the append. It fires, unless the schedule may have been
 * there in between: then that may have fired it.
 */
function sinceOf(
  scribe: Scribe,
  known: Schedule | undefined,
  next: Micros | null,
  absentAt: number | undefined,
): { readonly since?: Micros } {
  if (known !== undefined || absentAt === undefined || next === null || next > scribe.nextAt) return {}
  if (!scribe.mayWrite(SET_LATE_SINCE)) return {}
  return (scribe.draft.unscheduled ?? 0) > absentAt ? {} : { since: next - 1 }
}

function ownedByOther(owner: string, id: string): Refusal {
  return refused(
    'schedule_owned',
    `schedule ${id} is declared by ${owner}; use another id, or remove it there first: \`npx interlock-queue schedule remove ${operand(id)}\``,
  )
}

const isAsItWas = (known: Schedule | undefined, rule: ScheduleRule): boolean =>
  known !== undefined && isSameSchedule(known.rule, rule)

function setOne(
  scribe: Scribe,
  { owner, revision }: Body<'set_schedules'>,
  { id, rule, next, absentAt }: ScheduleWish,
): void {
  const known = scheduleOf(scribe.draft, id)
  const goesOn =
    known !== undefined && (isSameTiming(known.rule, rule) || (next ?? Infinity) <= (known.last ?? 0))
  scribe.record({
    type: 'schedule_set',
    schedule: id,
    owner,
    ...(revision === null ? {} : { revision }),
    ...rule,
    ...sinceOf(scribe, known, next, absentAt),
    next: goesOn ? known.next : next,
    workerId: scribe.command.workerId,
  })
}

function removeOne(scribe: Scribe, schedule: string, revision: number | null): void {
  const { workerId } = scribe.command
  const given = revision === null ? {} : { revision }
  scribe.record({ type: 'schedule_removed', schedule, ...given, workerId })
}

const unknown = (id: string): Refusal =>
  refused('schedule_unknown', `there is no schedule ${id}; list them: \`npx interlock-queue schedule list\``)

export function removeSchedule(scribe: Scribe, { schedule }: Body<'remove_schedule'>): CommandResult {
  if (scheduleOf(scribe.draft, schedule) === undefined) return unknown(schedule)
  removeOne(scribe, schedule, null)
  return accepted(scribe)
}

/** It fires nothing until it is resumed; due times of that while are never made up for. */
export function pauseSchedule(scribe: Scribe, { schedule }: Body<'pause_schedule'>): CommandResult {
  const known = scheduleOf(scribe.draft, schedule)
  if (known === undefined) return unknown(schedule)
  const { workerId } = scribe.command
  if (!known.paused) scribe.record({ type: 'schedule_paused', schedule, workerId })
  return accepted(scribe)
}

export function resumeSchedule(scribe: Scribe, { schedule, next }: Body<'resume_schedule'>): CommandResult {
  const known = scheduleOf(scribe.draft, schedule)
  if (known === undefined) return unknown(schedule)
  const { workerId } = scribe.command
  const goesOn = (next ?? Infinity) <= (known.last ?? 0)
  if (known.paused)
    scribe.record({ type: 'schedule_resumed', schedule, next: goesOn ? known.next : next, workerId })
  return accepted(scribe)
}

/** Jobs of one schedule in one command, at most: the next look fires the rest. So an append stays short. */
const MOST_FIRED = 100

/**
 * Fires what a schedule has due, if nobody else has: only the due time that is next by the log, and those after it that have come. So
 * any process may send it, at the same time as others.
 */
export function fire(scribe: Scribe, body: Body<'fire'>): CommandResult {
  const { draft, now } = scribe
  const schedule = scheduleOf(draft, body.schedule)
  if (schedule === undefined || !mayFire(schedule, body, now)) return accepted(scribe)
  const after = body.times.find((at) => at > now) ?? body.next
  const come = body.times.filter((at) => at >= body.due && at > schedule.since && at <= now)
  const first = body.due > schedule.since ? body.due : come[0]
  const wanted = wantedOf(schedule.rule, first, come, now)
  const fired = wanted.slice(0, MOST_FIRED)
  const times = [...fired, wanted[MOST_FIRED] ?? after]
  if (times[0] !== body.due) skip(scribe, schedule, body.due, times[0] ?? null, 'missed')
  const fresh = fired.flatMap((due, i) => fireOne(scribe, schedule, due, times[i + 1] ?? null) ?? [])
  dispatch(scribe)
  return accepted(scribe, recordWaiting(scribe, fresh))
}

/** The sender has read the payload that belongs to this rule. */
function mayFire({ next, paused, rule }: Schedule, body: Body<'fire'>, now: Micros): boolean {
  return next === body.due && !paused && body.due <= now && rule.job.payloadHash === body.payloadHash
}

/** The job of one due time; undefined: that was skipped. */
function fireOne(
  scribe: Scribe,
  { schedule, rule }: Schedule,
  due: Micros,
  next: Micros | null,
): JobSpec | undefined {
  const nth = freeNth(scribe, schedule, due)
  const spec = specOf(rule.job, schedule, firedId(schedule, due, nth))
  const why = whyNot(scribe, rule, spec)
  if (why !== undefined) {
    skip(scribe, { schedule }, due, next, why)
    return undefined
  }
  const after = next === null ? {} : { next }
  scribe.record({
    type: 'queued',
    jobId: spec.jobId,
    spec,
    due,
    ...after,
    ...(nth === 1 ? {} : { nth }),
    workerId: scribe.command.workerId,
  })
  return spec
}

/** Which of its ids is free: anybody can tell the first one beforehand, and put a job under it. */
function freeNth(scribe: Scribe, schedule: string, due: Micros): number {
  if (!scribe.mayWrite(NTH_SINCE)) return 1
  for (let nth = 1; ; nth++) {
    const job = jobOf(scribe.draft, firedId(schedule, due, nth))
    if (job === undefined || job.spec.schedule === schedule) return nth
  }
}

/** In the order that specs have, which the hash of a command goes by. */
function specOf(job: Schedule['rule']['job'], schedule: string, jobId: string): JobSpec {
  const { jobType, kind, models, priority, ...more } = job
  return { jobId, jobType, kind, models, priority, runAt: null, ...more, schedule }
}

function skip(
  scribe: Scribe,
  { schedule }: Pick<Schedule, 'schedule'>,
  due: Micros,
  next: Micros | null,
  reason: SkipReason,
): void {
  const { workerId } = scribe.command
  scribe.record({ type: 'schedule_skipped', schedule, due, next, reason, workerId })
}

function whyNot(scribe: Scribe, { overlap }: Schedule['rule'], spec: JobSpec): SkipReason | undefined {
  const { draft } = scribe
  if (overlap !== 'allow' && overlaps(scribe, overlap, spec.schedule ?? '')) return 'overlap'
  if (jobOf(draft, spec.jobId) !== undefined) return 'job_exists'
  const refusal =
    refuse(scribe, spec, undefined) ?? refuseFullShare(scribe, [spec]) ?? refuseUnfit(scribe, [spec])
  return refusal?.code as SkipReason | undefined
}

/** `skip`: one is live; `queueOne`: one waits. */
function overlaps({ draft }: Scribe, rule: 'skip' | 'queueOne', schedule: string): boolean {
  for (const { jobId } of firedBy(draft, schedule))
    if (rule === 'skip' || jobOf(draft, jobId)?.active !== true) return true
  return false
}
