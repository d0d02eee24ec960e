import type { Ledger, Micros } from '../../../../../engine/core/index.ts'
import { clip, plural } from '../../../../../tools/format/index.ts'
import { Link } from '../../frame/link.tsx'
import { Panel } from '../../part/panel.tsx'
import { Scroll } from '../../part/scroll.tsx'
import { type WaitsFor, waitsForOf } from './waits-for.ts'

const LETTER = 7.2
const HEIGHT = 30

/** The jobs that this one waits for, the jobs that those wait for, and so on to the running ones. */
export function Graph({
  ledger,
  jobId,
  now,
}: {
  readonly ledger: Ledger
  readonly jobId: string
  readonly now: Micros
}) {
  const found = waitsForOf(ledger, jobId, now)
  if (found.edges.length === 0) return null
  const { nodes, edges, width, height } = laidOut(found)
  return (
    <Panel id="graph" title="What it waits for" wide>
      <Scroll label="The graph">
        <svg class="diagram graph" width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          <title>{`${jobId} waits for ${plural(found.jobs.length - 1, 'job')}`}</title>
          <defs>
            <marker
              id="waits"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0 L8 4 L0 8 z" />
            </marker>
          </defs>
          {edges.map(({ from, to, d, label, x, y }) => (
            <g key={`${from}\n${to}`} data-edge={`${from} ${to}`}>
              <path class="arrow" d={d} marker-end="url(#waits)" />
              <text class="what" x={x} y={y - 5}>
                {label}
              </text>
            </g>
          ))}
          {nodes.map(({ id, isRunning, x, y, w }) => (
            <Link
              key={id}
              to={{ job: id }}
              class={id === jobId ? 'node this' : isRunning ? 'node runs' : 'node'}
              title={id}
            >
              <rect x={x - w / 2} y={y - HEIGHT / 2} width={w} height={HEIGHT} rx="6" />
              <text x={x} y={y + 4}>
                {clip(id, 24)}
              </text>
            </Link>
          ))}
        </svg>
      </Scroll>
      <p class="dim">
        Filled jobs are running. An arrow leads to the job that has to end first, and names the model.
        {found.isCut ? ' There are more jobs ahead than this shows.' : ''}
      </p>
    </Panel>
  )
}

function laidOut({ jobs, edges, isCut }: WaitsFor) {
  const widthOf = (jobId: string) => Math.max(48, clip(jobId, 24).length * LETTER + 20)
  const places = layoutOf({ jobs, edges, isCut }, (id) => ({ width: widthOf(id), height: HEIGHT }))
  const at = (id: string) => places.get(id) ?? { x: 0, y: 0, width: 0, height: 0 }
  const all = [...places.values()]
  return {
    width: Math.ceil(Math.max(...all.map(({ x, width }) => x + width / 2)) + 8),
    height: Math.ceil(Math.max(...all.map(({ y }) => y + HEIGHT / 2)) + 8),
    nodes: jobs.map(({ jobId: id, isRunning }) => ({
      id,
      isRunning,
      x: at(id).x,
      y: at(id).y,
      w: at(id).width,
    })),
    edges: edges.map(({ from, to, models }) => {
      const [start, end] = [at(from), at(to)]
      const [left, right] = [start.x + start.width / 2, end.x - end.width / 2]
      const middle = (left + right) / 2
      // Passes above the jobs in between.
      const lift = places.size > 2 && right - left > 1.6 * GAP.across ? 30 : 0
      const d = `M${left} ${start.y}C${left + GAP.across / 2} ${start.y - lift} ${right - GAP.across / 2} ${end.y - lift} ${right - 1} ${end.y}`
      const label = clip(models.join(', '), 15)
      return { from, to, d, label, x: middle, y: (start.y + end.y) / 2 - 0.75 * lift }
    }),
  }
}

interface Size {
  readonly width: number
  readonly height: number
}

interface GraphPoint {
  readonly x: number
  readonly y: number
}

const GAP = { across: 96, down: 26, margin: 6 }

/** Places the jobs: each one left of the jobs it waits for, and jobs that belong together near each other. */
function layoutOf(
  { jobs, edges }: WaitsFor,
  sizeOf: (jobId: string) => Size,
): Map<string, GraphPoint & Size> {
  const ids = jobs.map(({ jobId }) => jobId)
  const columns = columnsOf(ids, edges)
  const placed = new Map<string, GraphPoint & Size>()
  let left = GAP.margin
  const heightOf = (column: readonly string[]) =>
    column.reduce((sum, id) => sum + sizeOf(id).height + GAP.down, -GAP.down)
  const height = Math.max(...columns.map(heightOf))
  for (const column of columns) {
    const width = Math.max(...column.map((id) => sizeOf(id).width))
    // In the order of the jobs that point here.
    const request = (id: string) => {
      const before = edges.flatMap(({ from, to }) => (to === id ? (placed.get(from)?.y ?? []) : []))
      return before.length === 0
        ? Number.MAX_SAFE_INTEGER
        : before.reduce((sum, y) => sum + y, 0) / before.length
    }
    const requests = new Map(column.map((id) => [id, request(id)]))
    const order = column.toSorted((a, b) => (requests.get(a) ?? 0) - (requests.get(b) ?? 0))
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
