import { clip } from '../../../tools/format/index.ts'

export interface Grid {
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** Between two columns. */
const GAP = 2

/**
 * A table that fits the width of a terminal. The names in the first column are cut to the room that is left. If that would be
 * less than `least`, columns that are not essential are left out.
 * @param spare headings of those columns; the first is left out first
 */
export function fitted(
  { head, rows }: Grid,
  width: number,
  { least, spare = [] }: { readonly least: number; readonly spare?: readonly string[] },
): Grid & { readonly leftOut: readonly string[] } {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => String(row[column]).length)),
  )
  const kept = new Set(head.keys())
  const room = () => width - [...kept].slice(1).reduce((sum, column) => sum + (widths[column] ?? 0) + GAP, 0)
  const leftOut: string[] = []
  for (const name of spare) {
    if (room() >= Math.min(least, widths[0] ?? 0)) break
    kept.delete(head.indexOf(name))
    leftOut.push(name)
  }
  const cut = <T>(row: readonly T[]) => row.filter((_, column) => kept.has(column))
  const names = Math.max(room(), Math.min(least, 8))
  return {
    head: cut(head),
    rows: rows.map(([name = '', ...rest]) => cut([clip(String(name), names), ...rest])),
    leftOut,
  }
}
