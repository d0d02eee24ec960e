import { InterlockError, isInterlockError } from '../../engine/core/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import type { Allowed } from './guard/grant.ts'
import type { WholeDashboardOptions } from './options.ts'
import { budgeted } from './reader/budget.ts'
import { QueueReader } from './reader/queue-reader.ts'

/** The readers of a dashboard: one for each queue that was asked for. */
export interface Readers {
  /** @throws InterlockError `unknown_queue` for a queue that is not shown, or not to this user */
  of(queue: string, allowed: Allowed): Promise<QueueReader>
  /** The names of the queues that this user sees. */
  names(allowed: Allowed): Promise<readonly string[]>
  close(): Promise<void>
}

export function readersOf({ store, queues, budget, pollMs }: WholeDashboardOptions): Readers {
  const bounded = budgeted(store, budget)
  const readers = new Map<string, QueueReader>()
  const names = async (allowed: Allowed) => {
    const all = queues === 'all' ? await queuesIn(bounded) : queues
    return all.filter(allowed.sees)
  }
  return {
    names,
    of: async (queue, allowed) => {
      if (!readers.has(queue) || !allowed.sees(queue)) {
        const shown = await names(allowed)
        // A queue that does not exist and one that this user may not see have one answer.
        if (!shown.includes(queue))
          throw new InterlockError('unknown_queue', 'there is no such queue here', { queue, queues: shown })
      }
      const reader = readers.get(queue) ?? new QueueReader({ store: bounded, queue, pollMs })
      readers.set(queue, reader)
      return reader
    },
    close: async () => {
      await Promise.all([...readers.values()].map((reader) => reader.close()))
    },
  }
}

/** The error for a missing queue lists those that exist. */
async function queuesIn(store: LogStore): Promise<readonly string[]> {
  const nobodys = `no-queue-${crypto.randomUUID()}`
  try {
    await store.open(nobodys, { make: false })
    return []
  } catch (error) {
    if (!isInterlockError(error, 'unknown_queue')) throw error
    return error.details.queues
  }
}
