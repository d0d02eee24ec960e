import { existsSync } from 'node:fs'
import { type Coordinator, createCoordinator, type Logger } from '../coordinator/index.ts'
import { InterlockError } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import { storeAt, type Target } from '../process/index.ts'
import type { Frame } from './frame.ts'

/**
 * Where there is no embedded database yet: its folder; looking makes nothing. The first command that puts something into it
 * makes it.
 */
export function emptyFolder(target: Target): string | null {
  return target.kind === 'pglite' && !existsSync(target.dir) ? target.dir : null
}

/**
 * Opens the store of the command, and closes it whatever happens.
 * @throws InterlockError `not_migrated` where there is no embedded database yet
 */
export async function withStore<T>(frame: Frame, use: (store: LogStore) => Promise<T>): Promise<T> {
  const target = frame.target()
  const folder = emptyFolder(target)
  if (folder !== null) throw new InterlockError('not_migrated', `${folder}: ${nothingYet}`)
  const store = await storeAt(target)
  try {
    await store.open(frame.queue)
    return await use(store)
  } finally {
    await store.close()
  }
}

export const nothingYet =
  'there is nothing here yet; begin with: interlock demo, or: interlock enqueue <file>'

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
