import Table from 'cli-table3'
import { cellText } from './lines.ts'

const edges = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
]
const lines = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid']
const borderless = { ...Object.fromEntries([...edges, ...lines].map((name) => [name, ''])), middle: '  ' }

export interface TableOptions {
  /** Indices of columns of numbers, which are aligned right. */
  readonly right?: readonly number[]
  /** How to style a heading. */
  readonly heading?: (text: string) => string
  readonly indent?: string
}

/** Rows under headings, without lines between them, so that you can grep and paste them. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  { right = [], heading = (text) => text, indent = '' }: TableOptions = {},
): readonly string[] {
  const drawn = new Table({
    head: head.map(heading),
    chars: borderless,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, index) => (right.includes(index) ? 'right' : 'left')),
  })
  drawn.push(...rows.map((row) => row.map((cell) => cellText(String(cell)))))
  const drawnLines = drawn.toString().split('\n')
  return drawnLines.map((line) => `${indent}${line}`.trimEnd())
}

/** Names and values, one pair per line. */
export function facts(
  rows: readonly (readonly [name: string, value: string])[],
  dim = (text: string) => text,
): readonly string[] {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${dim(name.padEnd(width))}  ${value}`)
}
