import Table from 'cli-table3'
import type { Row } from '../frame/bench.ts'
import { median } from '../frame/statistics.ts'
import { figure } from '../frame/table.ts'

/** What is measured down, who is measured across: medians, the load of the machine where rows say it, and below the table why a figure is missing. */
export function pivotOf(rows: readonly Row[]): string {
  const names = [...new Set(rows.map(({ by = '' }) => by))]
  const loads = rows.some(({ load }) => load !== undefined) ? ['load'] : []
  const table = new Table({
    head: ['what', 'unit', ...names.map((name) => name.replace(' ', '\n')), ...loads],
    colAligns: ['left', 'left', ...[...names, ...loads].map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  })
  const notes: string[] = []
  for (const [what, side] of Map.groupBy(rows, (row) => row.what)) {
    const byName = new Map(side.map((row) => [row.by, row]))
    table.push([
      what,
      side[0]?.unit ?? '',
      ...names.map((name) => cellText(byName.get(name), notes)),
      ...loads.map(() => loadText(side)),
    ])
  }
  return [table.toString(), ...notes.map((note, i) => `(${i + 1}) ${note}`)].join('\n')
}

/** While the row was measured, of all who are in it. */
function loadText(side: readonly Row[]): string {
  const loads = side.flatMap(({ load = [] }) => load)
  return loads.length === 0 ? '' : median(loads).toFixed(1)
}

function cellText(row: Row | undefined, notes: string[]): string {
  if (row === undefined) return ''
  const text = row.samples.length === 0 ? '—' : figure(median(row.samples))
  if (row.note === undefined) return text
  if (!notes.includes(row.note)) notes.push(row.note)
  return `${text} (${notes.indexOf(row.note) + 1})`
}
