import type { JobRow } from '../../core/index.ts'
import type { Cli } from '../cli.ts'
import { clip, clockTime, models, plural } from '../format.ts'
import type { Frame } from '../frame.ts'
import { inLineOrder, jobDocument } from '../job-document.ts'
import { withStore } from '../store.ts'
import { table } from '../terminal/table.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly limit: string
}

export function addQueue(cli: Cli): void {
  cli
    .command<Options>(
      'queue',
      'the live jobs in line order: what runs, what waits and for whom',
      [
        ['queue', 'the first 20'],
        ['queue --limit 1000 --json', 'for programs'],
      ],
      async (frame, _, options) => {
        const limit = wholeNumber('--limit', options.limit, 1, 1_000_000)
        const projection = await withStore(frame, (store) => store.projection(frame.queue))
        const rows = (projection?.jobs ?? []).toSorted(activeFirst)
        const shown = rows.slice(0, limit)
        frame.emit(
          { queue: frame.queue, total: rows.length, jobs: shown.map(jobDocument) },
          textOf(frame, shown, rows.length),
        )
      },
    )
    .option('--limit <n>', 'how many', '20')
}

const activeFirst = (a: JobRow, b: JobRow): number =>
  a.state === b.state ? inLineOrder(a, b) : a.state === 'active' ? -1 : 1

function textOf(frame: Frame, rows: readonly JobRow[], total: number): string {
  if (total === 0) return 'no live job; put some in line: interlock enqueue <file>'
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
