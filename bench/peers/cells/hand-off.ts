import { sized } from '../../frame/bench.ts'
import { median, quantile } from '../../frame/statistics.ts'
import type { Cell, Means } from '../cell.ts'
import { Crew } from '../crew.ts'
import { NotMeasured, type Peer } from '../peer.ts'
import { keyNames, tasksOn } from '../tasks.ts'

const MEASURED = 1_000
const MOST_MS = 3_000

/** All jobs share one key, so one runs at a time: from the end of a job to the handler of the next. */
export const handOffCells: readonly Cell[] = [1, 10, 64].map((slots) => ({
  id: `hand-off/${slots}`,
  figures: latencies(`hand-off on one key, ${slots} slot${slots === 1 ? '' : 's'}`),
  keys: 1,
  quick: slots === 10,
  measure: (peer, means) => handOff(peer, means, slots, 500),
}))

/** The same with many behind it. */
export const waitingCells: readonly Cell[] = [100, 1_000, 10_000, 100_000].map((waiting) => ({
  id: `waiting/${waiting}`,
  figures: latencies(`hand-off, 10 slots, ${waiting.toLocaleString('en')} waiting behind it`),
  keys: 1,
  quick: waiting === 100,
  measure: (peer, means) => handOff(peer, means, 10, waiting),
}))

export function latencies(what: string) {
  return [
    { name: 'p50', what: `${what}, p50`, unit: 'ms' },
    { name: 'p99', what: `${what}, p99`, unit: 'ms' },
  ]
}

export async function handOff(peer: Peer, { context, ground }: Means, slots: number, waiting: number) {
  const measured = sized(context, MEASURED, 30)
  const keys = keyNames(1)
  return ground.fresh(peer, async (url) => {
    await using crew = await Crew.start(peer, { url, slots, keys }, 1)
    await crew.fill(tasksOn(keys, 100))
    await crew.round(100, sized(context, 1_000, 300))
    await crew.fill(tasksOn(keys, measured + waiting, 100))
    const mostMs = sized(context, MOST_MS, 500)
    const { reports } = await crew.round(measured, mostMs)
    const starts = reports[0]?.starts.slice(0, measured) ?? []
    // The handlers do nothing: a job ends when it begins.
    const gaps = starts.slice(1).map((at, i) => at - (starts[i] ?? Number.NaN))
    if (gaps.length < 5)
      throw new NotMeasured(`no more than ${starts.length} jobs were run in ${mostMs / 1_000} s`)
    return { p50: median(gaps), p99: quantile(gaps, 0.99) }
  })
}
