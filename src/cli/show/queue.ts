import type { JobRow } from '../../core/index.ts'
import { clip, clockTime, models, plural } from '../format.ts'
import type { Frame } from '../frame.ts'
import { inLineOrder } from '../job-document.ts'
import { table } from '../terminal/table.ts'

/** Live jobs as people want them: those that run, then those that wait, in line order. */
export const activeFirst = (a: JobRow, b: JobRow): number =>
  a.state === b.state ? inLineOrder(a, b) : a.state === 'active' ? -1 : 1

/** The first of `total` live jobs, with what each waits for. */
export function queueText(frame: Frame, rows: readonly JobRow[], total: number): string {
  const { dim, green } = frame.colors
  const lines = rows.map((row) => [
    row.state === 'active' ? green('active') : 'waits',
    clip(row.job_id, 20),
    clip(models(row.models), 28),
    clip(whyOf(row), 30),
  ])
  const more = total > rows.length ? `\n${plural(total, 'live job')}, the first ${rows.length} are shown` : ''
  return `${table(['state', 'job', 'models', 'why'], lines, { heading: dim })}${more}`
}

function whyOf(row: JobRow): string {
  if (row.state === 'active') return `attempt ${row.attempt} of ${row.attempts}`
  if (row.due_at !== null) return `due at ${clockTime(row.due_at)}`
  if (row.blocked_by_job_id === null) return 'may start'
  const on = row.blocked_on === null ? 'in line' : row.blocked_on
  return `${on}, behind ${row.blocked_by_job_id}`
}
