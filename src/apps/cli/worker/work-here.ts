import { firstValueFrom, fromEvent, map, merge, of } from 'rxjs'
import { type Coordinator, createCoordinator, stderrLogger } from '../../../engine/coordinator/index.ts'
import { isInterlockError } from '../../../engine/core/index.ts'
import { storeAt } from '../../../engine/process/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { createJobWorker, type DrainReport, type JobWorker } from '../../../engine/worker/index.ts'
import { plural } from '../../../tools/format/index.ts'
import type { ServeOptions } from '../../../tools/prometheus/index.ts'
import type { Frame } from '../frame.ts'
import type { LeaseTimes } from '../lease-flags.ts'
import { withMetrics } from '../metrics-flags.ts'
import { loadHandlers } from './load-handlers.ts'

export interface WorkOptions extends LeaseTimes {
  readonly handler: string
  readonly concurrency: number | undefined
  /** Undefined: as the file says. */
  readonly intake: boolean | undefined
  /** How long running jobs may go on after the first signal, in milliseconds. */
  readonly drainMs: number
  /** Where to serve `/metrics`; undefined: nowhere. */
  readonly metrics: ServeOptions | undefined
}

/** Works in this process until it is told to stop, then drains. Waits for a database that does not answer, however long. */
export async function workHere(frame: Frame, options: WorkOptions): Promise<DrainReport> {
  const {
    handlers,
    telemetry,
    contract,
    logger = stderrLogger,
    ...module
  } = await loadHandlers(options.handler)
  const { leaseMs, graceMs, patienceMs, ...given } = { ...module, ...timesOf(options) }
  const store = await storeAt(frame.target())
  try {
    const joining = createCoordinator({
      joinMs: Number.POSITIVE_INFINITY,
      store,
      queue: frame.queue,
      logger,
      contract,
      ...(telemetry === undefined ? {} : { telemetry }),
      ...(leaseMs === undefined ? {} : { leaseMs }),
      ...(graceMs === undefined ? {} : { graceMs }),
      ...(patienceMs === undefined ? {} : { patienceMs }),
      ...frame.by,
    })
    const coordinator = await unlessStopped(frame.signal, joining)
    if (coordinator === null) return { finished: 0, givenBack: 0 }
    try {
      const { concurrency = given.concurrency ?? 1, intake = given.intake ?? false } = options
      const worker = createJobWorker({
        catchUncaught: true,
        ...given,
        coordinator,
        handlers,
        concurrency,
        intake,
      })
      if (intake) await checkIntake(coordinator)
      worker.start()
      begun(frame, coordinator, store, handlers, concurrency)
      return await withMetrics(frame, coordinator, options.metrics, () =>
        untilStopped(frame, coordinator, worker, options.drainMs),
      )
    } finally {
      await coordinator.close()
    }
  } finally {
    await store.close()
  }
}

/** Takes in the first row. Whatever else is wrong may pass; the worker says it. @throws InterlockError `not_migrated` if no row can arrive */
async function checkIntake(coordinator: Coordinator): Promise<void> {
  await coordinator.takeIn({ max: 1 }).catch((error: unknown) => {
    if (isInterlockError(error, 'not_migrated')) throw error
  })
}

/** Null: it was told to stop before it had joined. */
async function unlessStopped(
  signal: AbortSignal,
  joining: Promise<Coordinator>,
): Promise<Coordinator | null> {
  const stopped = signal.aborted ? of(null) : fromEvent(signal, 'abort').pipe(map(() => null))
  const coordinator = await firstValueFrom(merge(stopped, joining))
  // The store is closed next, which ends what is under way.
  if (coordinator === null) joining.then((late) => late.close()).catch(() => {})
  return coordinator
}

/** What was said on the command line, over what the file says. */
const timesOf = ({ leaseMs, patienceMs }: LeaseTimes): LeaseTimes => ({
  ...(leaseMs === undefined ? {} : { leaseMs }),
  ...(patienceMs === undefined ? {} : { patienceMs }),
})

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

/** @throws InterlockError of `stopped$`, once running jobs have been told to stop */
async function untilStopped(
  frame: Frame,
  coordinator: Coordinator,
  worker: JobWorker,
  drainMs: number,
): Promise<DrainReport> {
  const { signal } = frame
  const asked = signal.aborted ? of(null) : fromEvent(signal, 'abort').pipe(map(() => null))
  const error = await firstValueFrom(merge(asked, coordinator.stopped$))
  if (error !== null) {
    await worker.drain({ timeoutMs: 0 })
    throw error
  }
  const drained = worker.drain({ timeoutMs: drainMs })
  frame.surface.onHurry?.(() => void worker.drain({ timeoutMs: 0, stopMs: 0 }))
  return drained
}
