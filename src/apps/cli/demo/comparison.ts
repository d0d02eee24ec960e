import { createCoordinator, silentLogger } from '../../../engine/coordinator/index.ts'
import type { RecordedEvent } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { readEvents } from '../../../tools/history/index.ts'
import type { Frame } from '../frame.ts'
import type { PolicyFlags } from '../policy-flags.ts'
import type { RunReport } from '../run/report.ts'
import { run } from '../run/run.ts'
import type { Workload } from '../workload/line.ts'
import { SAMPLE_TIME_SCALE } from './sample.ts'

/** One way to run the sample. */
export interface Contender {
  readonly queue: string
  readonly title: string
  readonly policy: PolicyFlags
}

const contenders: readonly Contender[] = [
  { queue: 'serial', title: 'serial', policy: { policy: 'serial' } },
  { queue: 'by-model', title: 'by model, strict order', policy: { policy: 'by-model', maxActive: '16' } },
  {
    queue: 'overtaking',
    title: 'by model, 16 overtakes',
    policy: { policy: 'by-model', maxActive: '16', overtakes: '16' },
  },
]

export interface ContenderOutcome extends Contender {
  readonly report: RunReport
  readonly events: readonly RecordedEvent[]
}

/**
 * Runs the sample under every policy, each in its own queue, one after the other. At the same time they would wait for each other
 * at the one connection of the embedded database: 5 ms more per hand-off, which would spoil the figures.
 */
export async function compare(
  frame: Frame,
  store: LogStore,
  workload: Workload,
): Promise<readonly ContenderOutcome[]> {
  const screen = new ScreenLine(frame, workload.jobs.length)
  const outcomes: ContenderOutcome[] = []
  try {
    for (const [index, contender] of contenders.entries()) {
      frame.signal.throwIfAborted()
      outcomes.push(await contend(frame, store, workload, contender, screen.cell(index)))
    }
    return outcomes
  } finally {
    screen.clear()
  }
}

async function contend(
  frame: Frame,
  store: LogStore,
  workload: Workload,
  contender: Contender,
  show: (ended: number) => void,
): Promise<ContenderOutcome> {
  const { queue, policy } = contender
  const own = frame.quietIn(queue)
  const coordinator = await createCoordinator({ store, queue, logger: silentLogger })
  let ended = 0
  const watch = coordinator.events$.subscribe((event) => {
    if (event.type === 'completed') show(++ended)
  })
  try {
    const options = { policy, timeScale: SAMPLE_TIME_SCALE, concurrency: undefined, processes: 1 }
    const report = await run(own, store, coordinator, workload, options)
    const events: RecordedEvent[] = []
    for await (const event of readEvents({ store, queue })) events.push(event)
    return { ...contender, report, events }
  } finally {
    watch.unsubscribe()
    await coordinator.close()
  }
}

/** A line on the terminal that is overwritten. Without a terminal it prints nothing. */
class ScreenLine {
  readonly #frame: Frame
  readonly #jobs: number
  readonly #ended = contenders.map(() => 0)

  constructor(frame: Frame, jobs: number) {
    this.#frame = frame
    this.#jobs = jobs
  }

  cell(index: number): (ended: number) => void {
    return (ended) => {
      this.#ended[index] = ended
      this.#draw()
    }
  }

  clear(): void {
    if (this.#isShown) this.#frame.surface.stdout.write('\r\u001b[K')
  }

  get #isShown(): boolean {
    return this.#frame.isTerminal && !this.#frame.json
  }

  #draw(): void {
    if (!this.#isShown) return
    const parts = contenders.map(({ queue }, i) => `${queue} ${this.#ended[i]}/${this.#jobs}`)
    this.#frame.surface.stdout.write(`\r\u001b[K   ${parts.join('   ')}`)
  }
}
