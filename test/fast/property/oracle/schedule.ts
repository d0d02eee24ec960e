import type { JobSpec, ScheduleRule, SkipReason } from '../../../../src/engine/core/index.ts'
import { type Answer, type Body, granted } from './answer.ts'
import type { Clerk } from './clerk.ts'
import { tellWaiting, whyRefused } from './enter.ts'
import { sameJson, type Timetable } from './queue.ts'

const MINUTE = 60_000_000

const find = (clerk: Clerk, id: string) => clerk.queue.schedules.find((one) => one.id === id)

/** What was said last counts. */
function keep(clerk: Clerk, one: Timetable): void {
  const { queue } = clerk
  queue.schedules = [...queue.schedules.filter(({ id }) => id !== one.id), one]
}

const timing = ({ cron, tz, everyMs }: ScheduleRule) => [cron, tz, everyMs]

export function setSchedules(clerk: Clerk, { owner, revision, schedules }: Body<'set_schedules'>): Answer {
  const { queue, command } = clerk
  const { workerId } = command
  if (revision !== null && revision < (queue.revisions[owner] ?? 0)) return []
  if (schedules.some(({ id }) => (find(clerk, id)?.owner ?? owner) !== owner)) return 'schedule_owned'
  const given = revision === null ? {} : { revision }
  const gone = queue.schedules.filter(
    (one) => one.owner === owner && !schedules.some(({ id }) => id === one.id),
  )
  const isKept = ({ id, rule }: (typeof schedules)[number]) => sameJson(find(clerk, id)?.rule, rule)
  const isNews = revision !== null && revision !== queue.revisions[owner]
  const isNoteOnly = isNews && gone.length === 0 && schedules.every(isKept)
  for (const [i, wish] of schedules.entries()) {
    const { id, rule, next: wanted } = wish
    const known = find(clerk, id)
    if (isKept(wish) && !(isNoteOnly && i === 0)) continue
    const isAsDue = known !== undefined && sameJson(timing(known.rule), timing(rule))
    const isPast = (wanted ?? Infinity) <= (known?.last ?? 0)
    const next = known !== undefined && (isAsDue || isPast) ? known.next : wanted
    const at = clerk.record({ type: 'schedule_set', schedule: id, owner, ...given, ...rule, next, workerId })
    const { last = null, declaredAt = at, paused = false } = known ?? {}
    keep(clerk, { id, owner, rule, next, last, declaredAt, paused })
    note(clerk, owner, revision)
  }
  for (const { id } of byId(gone)) {
    clerk.record({ type: 'schedule_removed', schedule: id, ...given, workerId })
    queue.schedules = queue.schedules.filter((one) => one.id !== id)
    note(clerk, owner, revision)
  }
  return []
}

const byId = (gone: readonly Timetable[]): readonly Timetable[] =>
  [...gone].sort((a, b) => (a.id < b.id ? -1 : 1))

function note({ queue }: Clerk, owner: string, revision: number | null): void {
  if (revision !== null) queue.revisions = { ...queue.revisions, [owner]: revision }
}

export function removeSchedule(clerk: Clerk, { schedule }: Body<'remove_schedule'>): Answer {
  if (find(clerk, schedule) === undefined) return 'schedule_unknown'
  clerk.record({ type: 'schedule_removed', schedule, workerId: clerk.command.workerId })
  clerk.queue.schedules = clerk.queue.schedules.filter(({ id }) => id !== schedule)
  return []
}

export function pauseSchedule(clerk: Clerk, { schedule }: Body<'pause_schedule'>): Answer {
  const known = find(clerk, schedule)
  if (known === undefined) return 'schedule_unknown'
  if (known.paused) return []
  clerk.record({ type: 'schedule_paused', schedule, workerId: clerk.command.workerId })
  keep(clerk, { ...known, paused: true })
  return []
}

export function resumeSchedule(clerk: Clerk, { schedule, next }: Body<'resume_schedule'>): Answer {
  const known = find(clerk, schedule)
  if (known === undefined) return 'schedule_unknown'
  if (!known.paused) return []
  const then = next === null || next > (known.last ?? 0) ? next : known.next
  clerk.record({ type: 'schedule_resumed', schedule, next: then, workerId: clerk.command.workerId })
  keep(clerk, { ...known, paused: false, next: then })
  return []
}

export function fire(clerk: Clerk, { schedule, due, times, next, payloadHash }: Body<'fire'>): Answer {
  const { now } = clerk
  const known = find(clerk, schedule)
  if (known === undefined || known.paused || known.next !== due || due > now) return []
  if (known.rule.job.payloadHash !== payloadHash) return []
  const after = times.find((at) => at > now) ?? next
  const come = times.filter((at) => at >= due && at <= now && at > known.declaredAt)
  const [earliest = 0] = come
  const isWhole = earliest === due || due <= known.declaredAt
  const wanted = come.filter((at, i) => {
    const isRecent = now - at <= MINUTE
    const isLast = i === come.length - 1
    if (isWhole && now - earliest <= MINUTE) return true
    if (isLast && isRecent) return true
    const { upTo, withinMs } = known.rule
    return come.length - i <= upTo && (withinMs === null || now - at <= withinMs * 1_000)
  })
  if (wanted[0] !== due) skip(clerk, schedule, due, wanted[0] ?? after, 'missed')
  const fired: JobSpec[] = []
  for (const [i, at] of wanted.entries()) {
    const nth = freeNth(clerk, known, at)
    const spec = specOf(known, at, nth)
    const then = wanted[i + 1] ?? after
    const why = whyNot(clerk, known, spec)
    if (why === null) {
      const rest = nth === 1 ? {} : { nth }
      clerk.enter(spec, false, then === null ? { due: at, ...rest } : { due: at, next: then, ...rest })
      keep(clerk, { ...(find(clerk, schedule) ?? known), next: then, last: at })
      fired.push(spec)
    } else skip(clerk, schedule, at, then, why)
  }
  granted(clerk)
  return fired.flatMap(({ jobId }) => tellWaiting(clerk, jobId))
}

/** Jobs of others have the ids before. */
function freeNth(clerk: Clerk, known: Timetable, at: number): number {
  let nth = 1
  for (;;) {
    const job = clerk.jobOf(idOf(known, at, nth))
    if (job === undefined || job.spec.schedule === known.id) return nth
    nth++
  }
}

const idOf = ({ id }: Timetable, at: number, nth: number): string =>
  `${id}@${new Date(at / 1_000).toISOString()}${nth > 1 ? `~${nth}` : ''}`

function specOf(known: Timetable, at: number, nth: number): JobSpec {
  const { id, rule } = known
  const jobId = idOf(known, at, nth)
  return { ...rule.job, jobId, runAt: null, schedule: id }
}

function skip(clerk: Clerk, schedule: string, due: number, next: number | null, reason: SkipReason): void {
  const { workerId } = clerk.command
  clerk.record({ type: 'schedule_skipped', schedule, due, next, reason, workerId })
  const known = find(clerk, schedule)
  if (known !== undefined) keep(clerk, { ...known, next, last: due })
}

function whyNot(clerk: Clerk, { id, rule }: Timetable, spec: JobSpec): SkipReason | null {
  const own = clerk.queue.jobs.filter((job) => job.spec.schedule === id)
  if (rule.overlap === 'skip' && own.length > 0) return 'overlap'
  if (rule.overlap === 'queueOne' && own.some(({ active }) => !active)) return 'overlap'
  if (clerk.jobOf(spec.jobId) !== undefined) return 'job_exists'
  return whyRefused(clerk, spec) as SkipReason | null
}
