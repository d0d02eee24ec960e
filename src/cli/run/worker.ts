import { setTimeout as sleep } from 'node:timers/promises'
import type { Coordinator } from '../../coordinator/index.ts'
import { createJobWorker } from '../../worker/index.ts'

export interface RunWorkerOptions {
  readonly coordinator: Coordinator
  /** Of the run: the worker takes nothing else. */
  readonly kind: string
  /** How long each job keeps its models, in milliseconds. */
  readonly sleepMs: ReadonlyMap<string, number>
  /** Jobs at once in this process. */
  readonly slots: number
  /** An error that waiting does not cure: the run cannot go on here. */
  readonly onError: (error: unknown) => void
}

export interface RunWorker {
  /** Starts nothing more and gives back running jobs, at no cost of an attempt. */
  stop(): Promise<void>
}

/** Works off a run: takes what may start, and sleeps as long as the file says. */
export function startRunWorker({ coordinator, kind, sleepMs, slots, onError }: RunWorkerOptions): RunWorker {
  const worker = createJobWorker({
    coordinator,
    concurrency: slots,
    onError,
    handlers: {
      // A timer that fires early would let a schedule look better than it is; one that is late costs under 1 ms.
      [kind]: ({ jobId }, { signal }) => sleep(Math.ceil(sleepMs.get(jobId) ?? 0), undefined, { signal }),
    },
  })
  worker.start()
  return { stop: async () => void (await worker.drain({ timeoutMs: 0, stopMs: 0 })) }
}
