import { setTimeout as delay } from 'node:timers/promises'
import { sized } from '../../frame/bench.ts'
import { median, quantile } from '../../frame/statistics.ts'
import type { Cell, Means } from '../cell.ts'
import { clock } from '../clock.ts'
import { Crew } from '../crew.ts'
import { withTransactions } from '../in-transaction.ts'
import { NotMeasured, type Peer, type Session } from '../peer.ts'
import type { BenchProcess } from '../process.ts'
import { tasksOn } from '../tasks.ts'
import { latencies } from './hand-off.ts'

const MOST_MS = 3_500
const MOST_JOBS = 200
const WARM = 20
/** How much longer than that the last may take. */
const GRACE_MS = 2_000

/** Nothing is in line and the worker rests: from the call that enqueues a job, in another process, to its handler. */
export const pickUpCells: readonly Cell[] = [1, 10, 64].map((slots) => ({
  id: `pick-up/${slots}`,
  figures: latencies(`pick-up on an idle queue, ${slots} slot${slots === 1 ? '' : 's'}`),
  keys: 0,
  quick: slots === 10,
  measure: (peer, means) => pickUp(peer, means, slots, byCall),
}))

/** The same from the commit of a transaction of the program that enqueues the job. */
export const commitCells: readonly Cell[] = [
  {
    id: 'commit-to-start',
    figures: latencies('from the commit of a transaction to the start, idle queue, 10 slots'),
    keys: 0,
    quick: true,
    measure: async (peer, means) => {
      if (peer.joinsTransactions !== true) throw new NotMeasured('no transaction of the program')
      return pickUp(peer, means, 10, byCommit)
    },
  },
]

/** Enqueues a job, and answers from when on it could start. */
type Submit = (n: number) => Promise<number>
type Way = <Out>(producer: Session, url: string, measure: (submit: Submit) => Promise<Out>) => Promise<Out>

const byCall: Way = (producer, _url, measure) =>
  measure(async (n) => {
    const from = clock()
    await producer.enqueue(tasksOn([], 1, n))
    return from
  })

const byCommit: Way = (producer, url, measure) => withTransactions(producer, url, 1, measure)

async function pickUp(peer: Peer, { context, ground }: Means, slots: number, way: Way) {
  return ground.fresh(peer, async (url) => {
    await using crew = await Crew.start(peer, { url, slots, keys: [] }, 1)
    const worker = crew.only
    const producer = await crew.producer()
    await worker.ask({ do: 'work', each: true })
    const took = await way(producer, url, (submit) => measure(worker, submit, sized(context, MOST_MS, 500)))
    await producer.close()
    await worker.ask({ do: 'stop' })
    const measured = took.slice(Math.min(WARM, Math.floor(took.length / 2)))
    if (measured.length < 2)
      throw new NotMeasured(`no more than ${took.length} jobs were run in ${MOST_MS / 1_000} s`)
    return { p50: median(measured), p99: quantile(measured, 0.99) }
  })
}

/** How long each took from then to its handler, one after the other. */
async function measure(worker: BenchProcess, submit: Submit, mostMs: number): Promise<readonly number[]> {
  const took: number[] = []
  const end = clock() + mostMs
  for (let n = 0; n < MOST_JOBS && clock() < end; n++) {
    // Not in step with anybody's timer.
    await delay(3 + ((n * 7) % 11))
    const called = new Promise<number>((resolve) => {
      worker.onHandled = (handled, at) => {
        if (at !== undefined && handled === n) resolve(at)
      }
    })
    const from = await submit(n)
    const at = await within(called, end + GRACE_MS - clock())
    if (at === undefined) break
    took.push(at - from)
  }
  return took
}

/** Undefined: it has not come in the time. */
async function within(coming: Promise<number>, ms: number): Promise<number | undefined> {
  const over = new AbortController()
  const late = delay(ms, undefined, { signal: over.signal }).catch(() => undefined)
  return Promise.race([coming, late]).finally(() => over.abort())
}
