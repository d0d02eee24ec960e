import type { EnqueueInput } from '../../codec/index.ts'
import type { Coordinator } from '../../coordinator/index.ts'
import type { Waiting } from '../../core/index.ts'
import type { Frame } from '../frame.ts'
import { progressOf } from '../terminal/progress.ts'

/** Jobs per append: enough that the round trip does not count, few enough that a kill loses little work. */
const BATCH = 500

/** Puts jobs in line in their order. Each batch goes in whole or not at all. */
export async function enqueueAll(
  frame: Frame,
  coordinator: Coordinator,
  jobs: readonly EnqueueInput[],
): Promise<readonly Waiting[]> {
  const progress = progressOf(frame, 'in line', jobs.length)
  const waiting: Waiting[] = []
  try {
    for (let from = 0; from < jobs.length; from += BATCH) {
      frame.signal.throwIfAborted()
      const answer = await coordinator.enqueue(jobs.slice(from, from + BATCH))
      for (const job of answer.waiting) waiting.push(job)
      progress.update(Math.min(from + BATCH, jobs.length))
    }
  } finally {
    progress.stop()
  }
  return waiting
}
