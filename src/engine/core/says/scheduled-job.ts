import { jobOf, type LedgerView } from '../state/ledger.ts'
import { MICROS_PER_MS, type Micros } from '../values/job.ts'
import { operand } from '../values/safe-text.ts'
import { dueOf, firedId, scheduleOf } from '../values/schedule.ts'
import type { JobRecord } from './facts.ts'
import type { NotLive } from './not-live.ts'

/** What is said of the job of a schedule beside everything else: `due at 02:30 Europe/Berlin, by schedule nightly (2027-03-27)`. */
export function alsoOfSchedule(
  ledger: LedgerView,
  jobId: string,
  { events }: Pick<JobRecord, 'events'>,
): readonly string[] {
  const queued = events.findLast((event) => event.type === 'queued')
  const spec = jobOf(ledger, jobId)?.spec ?? (queued?.type === 'queued' ? queued.spec : undefined)
  if (spec?.schedule === undefined) return []
  return [dueText(ledger, spec.schedule, dueOf(spec))]
}

/** The next job of a schedule, of which nobody has heard yet; undefined: it is none. */
export function notDueYet(ledger: LedgerView, jobId: string): NotLive | undefined {
  const id = jobId.slice(0, Math.max(0, jobId.lastIndexOf('@')))
  const schedule = scheduleOf(ledger, id)
  if (schedule?.next == null || firedId(id, schedule.next) !== jobId) return undefined
  const { next, paused } = schedule
  const reason = dueText(ledger, id, next)
  return {
    state: 'submitted',
    code: 'not_due',
    since: null,
    reason: paused ? `${reason}, which is paused` : reason,
    whatHasToHappen: paused
      ? `resume the schedule: \`npx interlock-queue schedule resume ${operand(id)}\``
      : 'nothing: any process puts it in line when its time comes',
  }
}

/** By the clock of the schedule's own zone, if it is still there. */
function dueText(ledger: LedgerView, id: string, due: Micros): string {
  const { tz = 'UTC' } = scheduleOf(ledger, id)?.rule ?? {}
  const [day, time] = localText(due, tz)
  return `due at ${time} ${tz}, by schedule ${id} (${day})`
}

/** Day and time of day; seconds only if there are some. A zone that is not known here is written as UTC, in which the log is. */
function localText(due: Micros, tz: string): readonly [day: string, time: string] {
  const form = { dateStyle: 'short', timeStyle: 'medium', timeZone: tz } as const
  const [day = '', time = ''] = new Intl.DateTimeFormat('sv-SE', form).format(due / MICROS_PER_MS).split(' ')
  return [day, time.replace(/:00$/, '')]
}
