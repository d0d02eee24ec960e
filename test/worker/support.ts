import { afterEach } from 'vitest'
import type { CoordinatorOptions } from '../../src/coordinator/index.ts'
import { createJobWorker, type JobWorker, type JobWorkerOptions } from '../../src/worker/index.ts'
import { join, keepingLogger } from '../coordinator/support.ts'

const open: JobWorker[] = []

afterEach(async () => {
  for (const worker of open.splice(0)) await worker.drain({ timeoutMs: 0, stopMs: 0 })
})

type Options = Omit<JobWorkerOptions, 'coordinator'> & Partial<Pick<JobWorkerOptions, 'coordinator'>>

/** A worker that is running, on a coordinator of its own unless one is given; drained after the test. */
export async function work(options: Options, joining: Partial<CoordinatorOptions> = {}) {
  const logger = keepingLogger()
  const coordinator = options.coordinator ?? (await join({ logger, ...joining }))
  const worker = createJobWorker({ ...options, coordinator })
  open.push(worker)
  worker.start()
  return { worker, coordinator, logger }
}

/** Resolves when the signal fires, with its reason. */
export function stopped(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}

export { join }
