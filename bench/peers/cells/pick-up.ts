import { setTimeout as delay } from 'node:timers/promises'
import { sized } from '../../frame/bench.ts'
import { median, quantile } from '../../frame/statistics.ts'
import type { Cell, Means } from '../cell.ts'
import { clock } from '../clock.ts'
import { Crew } from '../crew.ts'
import { NotMeasured, type Peer } from '../peer.ts'
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
  measure: (peer, means) => pickUp(peer, means, slots),
}))

async function pickUp(peer: Peer, { context, ground }: Means, slots: number) {
  return ground.fresh(peer, async (url) => {
    await using crew = await Crew.start(peer, { url, slots, keys: [] }, 1)
    const worker = crew.only
    const producer = await crew.producer()
    await worker.ask({ do: 'work', each: true })
    const took: number[] = []
    const end = clock() + sized(context, MOST_MS, 500)
    for (let n = 0; n < MOST_JOBS && clock() < end; n++) {
      // Not in step with anybody's timer.
      await delay(3 + ((n * 7) % 11))
      const called = new Promise<number>((resolve) => {
        worker.onHandled = (handled, at) => {
          if (at !== undefined && handled === n) resolve(at)
        }
      })
      const from = clock()
      await producer.enqueue(tasksOn([], 1, n))
      const at = await within(called, end + GRACE_MS - from)
      if (at === undefined) break
      took.push(at - from)
    }
    await producer.close()
    await worker.ask({ do: 'stop' })
    const measured = took.slice(Math.min(WARM, Math.floor(took.length / 2)))
    if (measured.length < 2)
      throw new NotMeasured(`no more than ${took.length} jobs were run in ${MOST_MS / 1_000} s`)
    return { p50: median(measured), p99: quantile(measured, 0.99) }
  })
}

/** Undefined: it has not come in the time. */
async function within(coming: Promise<number>, ms: number): Promise<number | undefined> {
  const over = new AbortController()
  const late = delay(ms, undefined, { signal: over.signal }).catch(() => undefined)
  return Promise.race([coming, late]).finally(() => over.abort())
}
