import { sized } from '../../frame/bench.ts'
import type { Cell, Means } from '../cell.ts'
import { clock } from '../clock.ts'
import { Crew } from '../crew.ts'
import type { Peer } from '../peer.ts'
import type { Report } from '../process.ts'
import { keyNames, tasksOn } from '../tasks.ts'

const PROCESSES = 2
const SLOTS = 4
/** 400 jobs/s at most, as of people whose jobs take a moment. */
const MS = 20
const WORK_MS = 12_000
/** What the workers have to do meanwhile. */
const THERE = 6_000

/** One that comes into line at once, and one that comes in parts. */
const calls = [1_000, 5_000]

/** Two worker processes at work, and a call of many jobs by a third one. */
export const largeCallCells: readonly Cell[] = calls.map((jobs) => ({
  id: `large-call/${jobs}`,
  figures: [
    { name: 'took', what: `a call of ${jobs.toLocaleString('en')} jobs beside two workers`, unit: 's' },
    {
      name: 'before',
      what: `what the workers do before one of ${jobs.toLocaleString('en')}`,
      unit: 'jobs/s',
    },
    { name: 'during', what: `what they do during one of ${jobs.toLocaleString('en')}`, unit: 'jobs/s' },
    { name: 'gap', what: `their longest gap during one of ${jobs.toLocaleString('en')}`, unit: 'ms' },
  ],
  keys: 100,
  quick: jobs === 5_000,
  measure: (peer, means) => largeCall(peer, means, jobs),
}))

async function largeCall(peer: Peer, { context, ground }: Means, jobs: number) {
  const keys = keyNames(100)
  return ground.fresh(peer, async (url) => {
    const place = { url, slots: SLOTS, keys, labour: { restMs: MS } }
    await using crew = await Crew.start(peer, place, PROCESSES)
    await crew.fill(tasksOn(keys, sized(context, THERE, 400)))
    const caller = await crew.producer()
    const tasks = tasksOn(keys, sized(context, jobs, 600), 1_000_000)
    const call = { from: Number.NaN, to: Number.NaN }
    const ms = sized(context, WORK_MS, 1_200)
    const reports = await crew.during(ms, async () => {
      call.from = clock()
      await caller.enqueue(tasks)
      call.to = clock()
    })
    await caller.close()
    return figuresOf(reports, call, ms / 4)
  })
}

/** @param beforeMs for how long before the call the workers were watched */
function figuresOf(
  reports: readonly Report[],
  { from, to }: { readonly from: number; readonly to: number },
  beforeMs: number,
) {
  const starts = reports.flatMap((report) => report.starts).toSorted((a, b) => a - b)
  const between = (a: number, b: number) => starts.filter((at) => at >= a && at < b)
  const rate = (a: number, b: number) => (between(a, b).length * 1_000) / (b - a)
  const around = [from, ...between(from, to), to]
  const gap = Math.max(...around.slice(1).map((at, i) => at - (around[i] ?? at)))
  return {
    took: (to - from) / 1_000,
    before: rate(from - beforeMs, from),
    during: rate(from, to),
    gap,
  }
}
