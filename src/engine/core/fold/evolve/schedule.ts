import type { Draft } from '../../state/draft.ts'
import type { RecordedEvent } from '../../values/event.ts'
import { hash } from '../../values/hash.ts'
import { type DueTime, firedId, type Schedule, type ScheduleRule, scheduleOf } from '../../values/schedule.ts'
import { corrupt } from './lookup.ts'

type Of<Type extends RecordedEvent['type']> = RecordedEvent & { readonly type: Type }

/** An event of one schedule. */
export type ScheduleEvent = Of<
  'schedule_set' | 'schedule_removed' | 'schedule_paused' | 'schedule_resumed' | 'schedule_skipped'
>

export const isOfSchedule = (event: RecordedEvent): event is ScheduleEvent =>
  event.type.startsWith('schedule_')

export function changeSchedule(draft: Draft, event: ScheduleEvent): void {
  if (event.type === 'schedule_set') return set(draft, event)
  const known = scheduleOf(draft, event.schedule)
  if (known === undefined) throw corrupt(event, `there is no schedule ${event.schedule}`)
  switch (event.type) {
    case 'schedule_removed':
      return remove(draft, event, known)
    case 'schedule_paused':
      if (known.paused) throw corrupt(event, `schedule ${event.schedule} is paused already`)
      return replace(draft, known, { ...known, paused: true })
    case 'schedule_resumed':
      if (!known.paused) throw corrupt(event, `schedule ${event.schedule} is not paused`)
      checkGrows(event, known, event.next)
      return replace(draft, known, { ...known, paused: false, next: event.next })
    case 'schedule_skipped':
      return advance(draft, event, known, event)
    default:
      event satisfies never
  }
}

/** A job came from a schedule. Only the due time that is next by the log may be fired, under the id that it gives. */
export function fireSchedule(draft: Draft, event: Of<'queued'>, due: number): void {
  const { schedule } = event.spec
  const known = schedule === undefined ? undefined : scheduleOf(draft, schedule)
  if (known === undefined) throw corrupt(event, `there is no schedule ${schedule}`)
  if (event.jobId !== firedId(known.schedule, due, event.nth))
    throw corrupt(event, `its id is not that of its due time`)
  if (due <= known.since) throw corrupt(event, `schedule ${schedule} was declared after that due time`)
  advance(draft, event, known, { due, next: event.next ?? null })
}

function advance(
  draft: Draft,
  event: RecordedEvent,
  known: Schedule,
  { due, next }: { readonly due: number; readonly next: number | null },
): void {
  if (known.paused) throw corrupt(event, `schedule ${known.schedule} is paused`)
  if (known.next !== due) throw corrupt(event, `schedule ${known.schedule} is due at another time`)
  if (next !== null && next <= due) throw corrupt(event, `due times of ${known.schedule} only grow`)
  replace(draft, known, { ...known, next, last: due })
}

function set(draft: Draft, event: Of<'schedule_set'>): void {
  const { schedule, owner, next } = event
  const known = scheduleOf(draft, schedule)
  if (known !== undefined && known.owner !== owner)
    throw corrupt(event, `schedule ${schedule} is of ${known.owner}`)
  checkGrows(event, known, next)
  const { last = null, since = event.since ?? event.at, paused = false } = known ?? {}
  const key = { hash: hash(schedule), schedule }
  replace(draft, known, { ...key, owner, rule: ruleOf(event), next, last, since, paused })
  noteRevision(draft, owner, event.revision)
}

function checkGrows(event: ScheduleEvent, known: Schedule | undefined, next: number | null): void {
  if (next !== null && next <= (known?.last ?? 0))
    throw corrupt(event, `due times of ${event.schedule} only grow`)
}

function ruleOf({ cron, tz, everyMs, upTo, withinMs, overlap, job }: Of<'schedule_set'>): ScheduleRule {
  const rest = { tz, upTo, withinMs, overlap, job }
  return cron === undefined ? { everyMs: everyMs ?? 0, ...rest } : { cron, ...rest }
}

function remove(draft: Draft, event: Of<'schedule_removed'>, known: Schedule): void {
  stop(draft, known)
  draft.schedules = draft.schedules.remove(known, draft.owner)
  draft.unscheduled = event.seq
  noteRevision(draft, known.owner, event.revision)
}

function noteRevision(draft: Draft, owner: string, revision: number | undefined): void {
  if (revision !== undefined)
    draft.owners = draft.owners.insert({ hash: hash(owner), owner, revision }, draft.owner)
}

function replace(draft: Draft, known: Schedule | undefined, schedule: Schedule): void {
  if (known !== undefined) stop(draft, known)
  draft.schedules = draft.schedules.insert(schedule, draft.owner)
  const timer = timerOf(schedule)
  if (timer !== null) draft.dueTimes = draft.dueTimes.insert(timer, draft.owner)
}

function stop(draft: Draft, known: Schedule): void {
  const timer = timerOf(known)
  if (timer !== null) draft.dueTimes = draft.dueTimes.remove(timer, draft.owner)
}

/** A paused schedule is never due. */
export const timerOf = ({ schedule, next, paused }: Schedule): DueTime | null =>
  paused || next === null ? null : { at: next, schedule }
