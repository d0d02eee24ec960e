import { type JobRow, MICROS_PER_MS, type Micros } from '../../core/index.ts'
import { clip, clockTime, duration, models, plural } from '../format.ts'
import type { Frame } from '../frame.ts'
import { inLineOrder, standingOf } from '../job-document.ts'
import { table } from '../terminal/table.ts'

/** Live jobs as people want them: those that run, then those that wait, in line order. */
export const activeFirst = (a: JobRow, b: JobRow): number =>
  a.state === b.state ? inLineOrder(a, b) : a.state === 'active' ? -1 : 1

/** The first of `total` live jobs, with how long each has waited, what its place adds to that, and what it waits for. */
export function queueText(frame: Frame, rows: readonly JobRow[], total: number, now: Micros): string {
  const { dim, green } = frame.colors
  const lines = rows.map((row) => [
    row.state === 'active' ? green('active') : 'waits',
    clip(row.job_id, 20),
    clip(models(row.models), 24),
    waitedOf(row, now),
    clip(whyOf(row), 30),
  ])
  const more = total > rows.length ? `\n${plural(total, 'live job')}, the first ${rows.length} are shown` : ''
  return `${table(['state', 'job', 'models', 'waited', 'why'], lines, { heading: dim })}${more}`
}

/** `4 min 10 s`, and with a priority of 5 at 60 s a level `4 min 10 s + 5 min 00 s`: who has most of both goes first. */
function waitedOf(row: JobRow, now: Micros): string {
  if (row.state === 'active') return ''
  const { level, aheadSeconds } = standingOf(row)
  const ahead = Math.round(aheadSeconds * 1_000)
  const adds = ahead === 0 ? '' : ` ${ahead > 0 ? '+' : '−'} ${duration(Math.abs(ahead))}`
  return `${duration((now - row.queued_at) / MICROS_PER_MS)}${adds}${level === 0 ? '' : `, level ${level}`}`
}

function whyOf(row: JobRow): string {
  if (row.state === 'active') return `attempt ${row.attempt} of ${row.attempts}`
  if (row.due_at !== null) return `due at ${clockTime(row.due_at)}`
  if (row.blocked_by_job_id === null) return 'may start'
  const on = row.blocked_on === null ? 'in line' : row.blocked_on
  return `${on}, behind ${row.blocked_by_job_id}`
}
