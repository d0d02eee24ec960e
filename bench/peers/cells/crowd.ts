import { sized } from '../../frame/bench.ts'
import { connected } from '../../frame/servers.ts'
import { median, quantile } from '../../frame/statistics.ts'
import type { Cell, Means } from '../cell.ts'
import { clock } from '../clock.ts'
import { Crew } from '../crew.ts'
import type { Peer } from '../peer.ts'
import type { Report } from '../process.ts'
import { tasksOn } from '../tasks.ts'
import { latencies } from './hand-off.ts'

const PROCESSES = 4
/** It is killed in the middle of that. */
const WORK_MS = 3_000
const JOBS = 20_000

/**
 * Four processes with one slot each empty a line without keys, so that each of them has one command under way: the end of a job, which
 * takes the next one. One of the processes decides for all; then it is killed.
 */
export const crowdCells: readonly Cell[] = [
  {
    id: 'crowd/4',
    figures: [
      ...latencies('a command of a process that does not decide, 4 processes'),
      { name: 'killed', what: 'the same while the one that decides is killed, longest', unit: 'ms' },
    ],
    keys: 0,
    ours: true,
    quick: true,
    measure: crowd,
  },
]

async function crowd(peer: Peer, { context, ground }: Means) {
  return ground.fresh(peer, async (url) => {
    await using crew = await Crew.start(peer, { url, slots: 1, keys: [] }, PROCESSES)
    await crew.fill(tasksOn([], sized(context, 400, 40)))
    await crew.round(sized(context, 400, 40), sized(context, 1_500, 500))
    await crew.fill(tasksOn([], sized(context, JOBS, 4_000), 1_000_000))
    const ms = sized(context, WORK_MS, 600)
    const killed = { at: Number.NaN }
    const reports = await crew.during(ms, async () => {
      const decider = await combinerAt(url)
      if (decider === undefined || !crew.kill(decider)) return
      killed.at = clock()
    })
    const gaps = reports.map((report) => gapsOf(report, killed.at))
    // The one that decided before was killed; the one that did after it is the fastest.
    const others = gaps.toSorted((a, b) => median(a.before) - median(b.before)).slice(1)
    const waits = others.flatMap(({ before }) => before)
    const around = gaps.map(({ across }) => across).filter(Number.isFinite)
    const longest = around.length === 0 ? Number.NaN : Math.max(...around)
    return { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), killed: longest }
  })
}

/** From each start to the next, in a process whose handler takes no time, until the moment of the kill, and across it. */
function gapsOf({ starts }: Report, killedAt: number) {
  const gaps = starts.slice(1).map((at, i) => ({ at, took: at - (starts[i] ?? at) }))
  const across = gaps.find(({ at }) => at > killedAt)
  const before = gaps.filter(({ at }) => !(at > killedAt)).map(({ took }) => took)
  return { before, across: across?.took ?? Number.NaN }
}

/** The number of the combiner, which its name begins with. */
function combinerAt(url: string): Promise<number | undefined> {
  return connected(url, async (client) => {
    for (let looks = 0; looks < 100; looks++) {
      const { rows } = await client.query<{ combiner: string }>(
        'select combiner from interlock.job_queue_combiners where combiner is not null',
      )
      const number = /^process-(\d+)/.exec(rows[0]?.combiner ?? '')?.[1]
      if (number !== undefined) return Number(number)
    }
    return undefined
  })
}
