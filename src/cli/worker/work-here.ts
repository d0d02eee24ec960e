import { type Coordinator, createCoordinator, stderrLogger } from '../../coordinator/index.ts'
import type { LogStore } from '../../port/index.ts'
import { storeAt } from '../../process/index.ts'
import { createJobWorker, type DrainReport, type JobWorker } from '../../worker/index.ts'
import { plural } from '../format.ts'
import type { Frame } from '../frame.ts'
import { loadHandlers } from './load-handlers.ts'

export interface WorkOptions {
  readonly handler: string
  readonly concurrency: number | undefined
  readonly intake: boolean
  /** How long what runs may go on after the first signal, in milliseconds. */
  readonly drainMs: number
}

/** Works in this process until it is told to stop, then drains. */
export async function workHere(frame: Frame, options: WorkOptions): Promise<DrainReport> {
  const { handlers, ...given } = await loadHandlers(options.handler)
  const store = await storeAt(frame.target())
  try {
    const coordinator = await createCoordinator({
      store,
      queue: frame.queue,
      logger: stderrLogger,
      ...(frame.as === undefined ? {} : { name: frame.as }),
    })
    try {
      const { concurrency = given.concurrency ?? 1, intake } = options
      const worker = createJobWorker({
        catchStray: true,
        ...given,
        coordinator,
        handlers,
        concurrency,
        intake,
      })
      worker.start()
      begun(frame, coordinator, store, handlers, concurrency)
      return await untilStopped(frame, worker, options.drainMs)
    } finally {
      await coordinator.close()
    }
  } finally {
    await store.close()
  }
}

function begun(
  frame: Frame,
  coordinator: Coordinator,
  store: LogStore,
  handlers: object,
  concurrency: number,
): void {
  const kinds = Object.keys(handlers).join(', ')
  frame.note(
    `working on queue ${frame.queue} at ${store.name}: ${plural(concurrency, 'job')} at once, kinds: ${kinds} (worker ${coordinator.workerId}, process ${process.pid})`,
  )
}

async function untilStopped(frame: Frame, worker: JobWorker, drainMs: number): Promise<DrainReport> {
  await new Promise<void>((resolve) => {
    if (frame.signal.aborted) resolve()
    frame.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const drained = worker.drain({ timeoutMs: drainMs })
  frame.surface.onHurry?.(() => void worker.drain({ timeoutMs: 0, stopMs: 0 }))
  return drained
}
