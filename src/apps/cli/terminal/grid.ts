import { stripVTControlCharacters } from 'node:util'
import { clip } from '../../../tools/format/index.ts'
import type { Frame } from '../frame.ts'
import { cellText } from './lines.ts'
import { type TableOptions, table } from './table.ts'

/** Between two columns. */
const GAP = 2

/**
 * A table whose lines fit the terminal. In a pipe nothing is cut: `grep` needs whole lines, and a cut id is useless.
 * @param give headings of columns that may be cut, each with its least number of characters; the first is cut first. If that is
 * not enough, the terminal wraps the lines
 */
export function grid(
  frame: Frame,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  { give, ...options }: TableOptions & { readonly give: Readonly<Record<string, number>> },
): readonly string[] {
  return table(
    head,
    frame.isTerminal ? narrowed(head, rows.map(plainRow), frame.columns, give) : rows,
    options,
  )
}

/** As it is printed, so that it is as wide. */
const plainRow = (row: readonly (string | number)[]) =>
  row.map((cell) => (typeof cell === 'string' ? cellText(cell) : cell))

function narrowed(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  width: number,
  give: Readonly<Record<string, number>>,
): readonly (readonly (string | number)[])[] {
  const widths = head.map((name, column) =>
    rows.reduce((most, row) => Math.max(most, lengthOf(row[column])), name.length),
  )
  let over = widths.reduce((sum, each) => sum + each + GAP, -GAP) - width
  for (const [name, least] of Object.entries(give)) {
    const column = head.indexOf(name)
    const now = widths[column] ?? 0
    const cut = Math.max(0, Math.min(over, now - Math.max(least, name.length)))
    widths[column] = now - cut
    over -= cut
  }
  return rows.map((row) =>
    row.map((cell, column) =>
      (head[column] ?? '') in give && typeof cell === 'string' ? clip(cell, widths[column] ?? 0) : cell,
    ),
  )
}

// Colours have no width.
const lengthOf = (cell: string | number | undefined): number =>
  stripVTControlCharacters(String(cell ?? '')).length
