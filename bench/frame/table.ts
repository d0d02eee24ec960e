import Table from 'cli-table3'
import type { Goal, Row } from './bench.ts'
import { median } from './statistics.ts'

/** Whether the median reaches the goal; undefined where there is none. */
export function isMet({ samples, goal }: Row): boolean | undefined {
  if (goal === undefined) return undefined
  return 'most' in goal ? median(samples) <= goal.most : median(samples) >= goal.least
}

/** What | measured: median and spread | goal | met? */
export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ['what', 'median', '(min – max)', 'unit', 'goal', 'met?'],
    colAligns: ['left', 'right', 'right', 'left', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push([row.what, ...figures(row), row.unit, goalText(row.goal), metText(row)])
  return table.toString()
}

function figures({ samples }: Row): [string, string] {
  const [least, most] = [Math.min(...samples), Math.max(...samples)]
  return [figure(median(samples)), samples.length === 1 ? '' : `(${figure(least)} – ${figure(most)})`]
}

const goalText = (goal: Goal | undefined): string => {
  if (goal === undefined) return ''
  return 'most' in goal ? `≤ ${figure(goal.most)}` : `≥ ${figure(goal.least)}`
}

function metText(row: Row): string {
  const met = isMet(row)
  if (met === undefined) return ''
  return met ? 'yes' : 'NO'
}

/** Four significant digits: more would pretend. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '—'
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(4)))
}
