import { type ChildProcess, fork } from 'node:child_process'
import { InterlockError } from '../../../engine/core/index.ts'
import type { Target } from '../../../engine/process/index.ts'
import type { Frame } from '../frame.ts'
import type { LeaseTimes } from '../lease-flags.ts'
import { mainFile, WORKER_COMMAND } from '../worker-command.ts'
import type { RunWorkerOptions } from './worker.ts'

/** The order for a worker process. */
export interface WorkOrder {
  readonly target: Target
  readonly queue: string
  readonly kind: string
  readonly slots: number
  readonly verbose: boolean
  readonly times: LeaseTimes
  readonly sleepMs: readonly (readonly [jobId: string, ms: number])[]
}

/** How many processes, and what their leases are. */
interface Shape {
  readonly processes: number
  readonly times: LeaseTimes
}

/** If workers keep dying, another worker will not help. */
const REPLACEMENTS_PER_PROCESS = 3

/**
 * Processes that do the jobs of a run, each with its own coordinator and lease. One that dies is replaced; its jobs start again
 * when its lease is over.
 */
export class WorkerProcesses {
  readonly #frame: Frame
  readonly #order: WorkOrder
  readonly #onError: (error: unknown) => void
  readonly #children = new Set<ChildProcess>()
  #replacements: number
  #stopping = false

  constructor(frame: Frame, shape: Shape, { kind, slots, sleepMs, onError }: RunWorkerOptions) {
    const { processes, times } = shape
    const { queue, verbose } = frame
    this.#frame = frame
    this.#order = { target: frame.target(), queue, kind, slots, verbose, times, sleepMs: [...sleepMs] }
    this.#onError = onError
    this.#replacements = processes * REPLACEMENTS_PER_PROCESS
    for (let number = 1; number <= processes; number++) this.#start(number)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const ends = [...this.#children].map((child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of this.#children) child.disconnect()
    await Promise.all(ends)
  }

  #start(number: number): void {
    const child = fork(mainFile, [WORKER_COMMAND], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      serialization: 'advanced',
      // Ctrl-C in the terminal is for the run, which then ends its workers in order.
      detached: true,
    })
    this.#children.add(child)
    child.send(this.#order)
    child.on('error', this.#onError)
    child.once('exit', (code, signal) => {
      this.#children.delete(child)
      if (!this.#stopping) this.#replace(number, child.pid, signal ?? `code ${code}`)
    })
  }

  /** Time to live, grace, and the next beat of another. */
  get #freeWithin(): number {
    return Math.ceil((this.#order.times.leaseMs ?? 15_000) / 1_000) + 10
  }

  #replace(number: number, pid: number | undefined, end: string): void {
    this.#frame.note(
      `worker ${number} (process ${pid}) ended by ${end}; its jobs start again when its lease ends, within ${this.#freeWithin} s`,
    )
    if (this.#replacements-- > 0) return this.#start(number)
    this.#onError(
      new InterlockError(
        'aborted',
        'worker processes keep dying; run with --processes 1 --verbose to see why',
      ),
    )
  }
}
