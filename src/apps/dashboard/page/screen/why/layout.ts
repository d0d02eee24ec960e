import type { WaitsFor } from './waits-for.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export const GAP = { across: 96, down: 26, margin: 6 }

/** Places the jobs: each one left of the jobs it waits for, and jobs that belong together near each other. */
export function layoutOf(
  { jobs, edges }: WaitsFor,
  sizeOf: (jobId: string) => Size,
): Map<string, Point & Size> {
  const ids = jobs.map(({ jobId }) => jobId)
  const columns = columnsOf(ids, edges)
  const placed = new Map<string, Point & Size>()
  let left = GAP.margin
  const heightOf = (column: readonly string[]) =>
    column.reduce((sum, id) => sum + sizeOf(id).height + GAP.down, -GAP.down)
  const height = Math.max(...columns.map(heightOf))
  for (const column of columns) {
    const width = Math.max(...column.map((id) => sizeOf(id).width))
    // In the order of the jobs that point here.
    const wish = (id: string) => {
      const before = edges.flatMap(({ from, to }) => (to === id ? (placed.get(from)?.y ?? []) : []))
      return before.length === 0
        ? Number.MAX_SAFE_INTEGER
        : before.reduce((sum, y) => sum + y, 0) / before.length
    }
    const wishes = new Map(column.map((id) => [id, wish(id)]))
    const order = column.toSorted((a, b) => (wishes.get(a) ?? 0) - (wishes.get(b) ?? 0))
    let top = GAP.margin + (height - heightOf(column)) / 2
    for (const id of order) {
      const size = sizeOf(id)
      placed.set(id, { ...size, x: left + width / 2, y: top + size.height / 2 })
      top += size.height + GAP.down
    }
    left += width + GAP.across
  }
  return placed
}

/**
 * Puts each job into the column after the last of the jobs that wait for it. There are no circles; if there were one, it would be
 * cut.
 */
function columnsOf(ids: readonly string[], edges: WaitsFor['edges']): readonly (readonly string[])[] {
  const depth = new Map(ids.map((id) => [id, 0]))
  for (let round = 0, isChanged = true; isChanged && round < ids.length; round++) {
    isChanged = false
    for (const { from, to } of edges) {
      const least = (depth.get(from) ?? 0) + 1
      if ((depth.get(to) ?? 0) >= least) continue
      depth.set(to, least)
      isChanged = true
    }
  }
  const columns: string[][] = []
  for (const id of ids) {
    const column = depth.get(id) ?? 0
    while (columns.length <= column) columns.push([])
    columns[column]?.push(id)
  }
  return columns.filter((column) => column.length > 0)
}
