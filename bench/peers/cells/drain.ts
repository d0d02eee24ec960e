import { sized } from '../../frame/bench.ts'
import { sum } from '../../frame/statistics.ts'
import type { Cell, Means } from '../cell.ts'
import { Crew } from '../crew.ts'
import type { Labour, Many, Peer, Task } from '../peer.ts'
import { keyNames, tasksOn } from '../tasks.ts'

export const SLOTS = 10
const WARM_MS = 1_500

export interface Size {
  readonly count: number
  /** Who is not through by then is measured by how far it came. */
  readonly mostMs: number
  /** What handlers do; nothing unless given. */
  readonly labour?: Labour
  /** Ten unless given. */
  readonly slots?: number
  readonly many?: Many
}

const full: Size = { count: 8_000, mostMs: 4_000 }

const processCounts = [1, 2, 4, 16] as const
const keyCounts = [0, 1, 10, 100, 1_000] as const

export const drainCells: readonly Cell[] = keyCounts.flatMap((keys) =>
  processCounts.map((processes) => drainCell(keys, processes)),
)

function drainCell(keys: number, processes: number): Cell {
  const what = `drain, ${keysText(keys)}, ${processesText(processes)}`
  return {
    id: `drain/${keys === 0 ? 'no-keys' : `${keys}-key${keys === 1 ? '' : 's'}`}/${processes}`,
    figures: drainFigures(what, processes),
    keys,
    quick: (keys === 0 && processes === 1) || (keys === 10 && processes === 2),
    measure: (peer, means) => {
      const names = keyNames(keys)
      return drained(peer, means, names, processes, (count, from) => tasksOn(names, count, from))
    },
  }
}

export function drainFigures(what: string, processes: number) {
  const rate = { name: 'rate', what, unit: 'jobs/s' }
  if (processes === 1) return [rate]
  return [rate, { name: 'slowest', what: `${what}: slowest process`, unit: 'of mean' }]
}

/**
 * Worker processes empty a line that was full before they began. A round before it warms them up, since workers live for days.
 *
 * @param make so many jobs, numbered from there
 */
export async function drained(
  peer: Peer,
  { context, ground }: Means,
  keys: readonly string[],
  processes: number,
  make: (count: number, from: number) => readonly Task[],
  size = full,
) {
  const { slots = SLOTS, labour, many } = size
  const warm = sized(context, 5 * slots, 5) * processes
  const count = sized(context, size.count, 100)
  return ground.fresh(peer, async (url) => {
    await using crew = await Crew.start(peer, { url, slots, keys, labour, many }, processes)
    await crew.fill(make(warm, 0))
    const { reports } = await crew.round(warm, sized(context, WARM_MS, 500))
    // Those too that ran while the crew was stopped: they are not there any more.
    const warmed = sum(reports.map(({ starts }) => starts.length))
    await crew.fill(make(count, warm))
    const left = count + warm - warmed
    const { counts, elapsedMs } = await crew.round(left, sized(context, size.mostMs, 500), true)
    const ended = sum(counts)
    return { rate: (ended * 1_000) / elapsedMs, slowest: (Math.min(...counts) * processes) / ended }
  })
}

function keysText(keys: number): string {
  if (keys === 0) return 'no keys'
  return `${keys.toLocaleString('en')} key${keys === 1 ? '' : 's'} in order`
}

export function processesText(processes: number): string {
  return `${processes} process${processes === 1 ? '' : 'es'}`
}
