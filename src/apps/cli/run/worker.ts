import { setTimeout as sleep } from 'node:timers/promises'
import type { Coordinator } from '../../../engine/coordinator/index.ts'
import { createJobWorker } from '../../../engine/worker/index.ts'

export interface RunWorkerOptions {
  readonly coordinator: Coordinator
  /** The kind of the run: the worker takes no other jobs. */
  readonly kind: string
  /** How long each job keeps its models, in milliseconds. */
  readonly sleepMs: ReadonlyMap<string, number>
  /** Jobs at once in this process. */
  readonly slots: number
  /** Called for an error that waiting does not end: the run cannot go on here. */
  readonly onError: (error: unknown) => void
}

export interface RunWorker {
  /** Starts nothing more, and gives running jobs back without the cost of an attempt. */
  stop(): Promise<void>
}

/** Does the jobs of a run: takes what may start, and sleeps as long as the file says. */
export function startRunWorker({ coordinator, kind, sleepMs, slots, onError }: RunWorkerOptions): RunWorker {
  const worker = createJobWorker({
    coordinator,
    concurrency: slots,
    onError,
    handlers: {
      // Rounded up: a timer that fires early would make a schedule look better than it is. One that is late costs under 1 ms.
      [kind]: ({ jobId }, { signal }) => sleep(Math.ceil(sleepMs.get(jobId) ?? 0), undefined, { signal }),
    },
  })
  worker.start()
  return { stop: async () => void (await worker.drain({ timeoutMs: 0, stopMs: 0 })) }
}
