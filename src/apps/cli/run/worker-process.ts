import { once } from 'node:events'
import { createCoordinator, stderrLogger } from '../../../engine/coordinator/index.ts'
import { storeAt } from '../../../engine/process/index.ts'
import { failureText } from '../failure.ts'
import { startRunWorker } from './worker.ts'
import type { WorkOrder } from './worker-processes.ts'

/** The life of a worker process: it gets one order and works until the parent is gone. Returns the exit code. */
export async function workerProcess(): Promise<number> {
  const letGo = once(process, 'disconnect')
  const [order] = (await once(process, 'message')) as [WorkOrder]
  try {
    await work(order, letGo)
    return 0
  } catch (error) {
    process.stderr.write(failureText(error, Boolean(process.env['DEBUG'])))
    return 1
  } finally {
    if (process.connected) process.disconnect()
  }
}

async function work(order: WorkOrder, letGo: Promise<unknown>): Promise<void> {
  const { target, queue, kind, slots, sleepMs, verbose, times } = order
  const store = await storeAt(target)
  try {
    const logger = { ...stderrLogger, ...(verbose ? {} : { info: () => {} }) }
    const coordinator = await createCoordinator({ ...times, store, queue, logger })
    const failed = Promise.withResolvers<never>()
    const worker = startRunWorker({
      coordinator,
      kind,
      slots,
      sleepMs: new Map(sleepMs),
      onError: failed.reject,
    })
    try {
      await Promise.race([letGo, failed.promise])
    } finally {
      await worker.stop()
      await coordinator.close()
    }
  } finally {
    await store.close()
  }
}
