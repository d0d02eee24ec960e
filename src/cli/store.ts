import { type Coordinator, createCoordinator, type Logger } from '../coordinator/index.ts'
import type { LogStore } from '../port/index.ts'
import { storeAt } from '../process/index.ts'
import type { Frame } from './frame.ts'

/** Opens the store of the command, and closes it whatever happens. */
export async function withStore<T>(frame: Frame, use: (store: LogStore) => Promise<T>): Promise<T> {
  const store = await storeAt(frame.target())
  try {
    await store.open(frame.queue)
    return await use(store)
  } finally {
    await store.close()
  }
}

/** Joins the queue as a process of its own, for commands that change something. */
export async function withCoordinator<T>(
  frame: Frame,
  use: (coordinator: Coordinator, store: LogStore) => Promise<T>,
): Promise<T> {
  const store = await storeAt(frame.target())
  try {
    const coordinator = await createCoordinator({
      store,
      queue: frame.queue,
      logger: loggerOf(frame),
      ...(frame.as === undefined ? {} : { name: frame.as }),
    })
    try {
      return await use(coordinator, store)
    } finally {
      await coordinator.close()
    }
  } finally {
    await store.close()
  }
}

/** The coordinator's lines are for the log of a service; on a terminal only trouble is worth a line. */
function loggerOf(frame: Frame): Logger {
  const note = (message: string) => frame.note(message)
  return { info: frame.verbose ? note : () => {}, warn: note, error: note }
}
