/** What is asked of the database when its calls slow down: batches grow, and requests do not (docs/inside/several-writers.md). */
import { afterEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/engine/coordinator/base/logger.ts'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { Dice } from './dice.ts'
import { simDatabase } from './fail-over.ts'
import { takeOver } from './globals.ts'
import { type Line, type NetworkOptions, remoteStore } from './remote-store.ts'
import { here, Timeline } from './timeline.ts'

const JOBS = 240
const SLOTS = 8
const HANDLER_MS = 5
/** However many jobs there are: what keeps a lease, and the look for commands by SQL. */
const byTheClock: ReadonlySet<string> = new Set(['beat', 'inbox'])

let giveBack = () => {}
afterEach(() => giveBack())

/** Every call takes as long as every other. */
class Even extends Dice {
  override delay(usual: number): number {
    return usual
  }
}

/** Jobs that come one by one to so many processes, over calls that take so long each way: how many requests were made. */
async function requestsOf(processes: number, delay: number): Promise<number> {
  const timeline = new Timeline()
  const database = simDatabase(timeline, false)
  giveBack = takeOver(timeline, 1)
  let requests = 0
  const network: NetworkOptions = {
    ...{ timeline, database, isHealed: () => true, onCarriedOut: () => {} },
    network: { delay, lost: 0, unanswered: 0, doubled: 0, deaf: 0, combines: true },
    note: (_, call) => {
      if (!byTheClock.has(call)) requests++
    },
  }
  let done = 0
  for (let number = 0; number < processes; number++) {
    const name = `p${number}`
    const line: Line = {
      ...{ name, dice: new Even(1, name), isAlive: true, blockedUntil: 0, cutUntil: 0, muteUntil: 0 },
    }
    here.run(line, () => void work(line, network, processes, () => done++))
  }
  while (done < JOBS && (await timeline.step(600_000)) !== undefined);
  giveBack()
  expect(done).toBe(JOBS)
  return requests / JOBS
}

async function work(line: Line, network: NetworkOptions, processes: number, onDone: () => void) {
  const store = remoteStore(line, network)
  const coordinator = await createCoordinator({ store, name: line.name, logger: silentLogger })
  await coordinator.setPolicy('by-model')
  const jobs = Array.from({ length: JOBS / processes }, (_, n) => `${line.name}-${n}`)
  await Promise.all(jobs.map((jobId) => coordinator.enqueue([{ jobId, models: [jobId] }])))
  const normal = async () => {
    await new Promise((resolve) => setTimeout(resolve, HANDLER_MS * (0.5 + Math.random())))
    onDone()
  }
  createJobWorker({ coordinator, concurrency: SLOTS, handlers: { normal } }).start()
}

describe('requests for each job, when calls take ten and a hundred times as long', () => {
  it.each([1, 3])('do not grow with %i processes', async (processes) => {
    const [fast = 0, slow = 0, slowest = 0] = [
      await requestsOf(processes, 1),
      await requestsOf(processes, 10),
      await requestsOf(processes, 100),
    ]
    expect(slow).toBeLessThanOrEqual(fast)
    // It hardly matters any more how slow they are: what is left are polls of processes that wait, which come by the clock.
    expect(slowest).toBeLessThanOrEqual(1.2 * slow)
  })
})
