import { AsyncLocalStorage } from 'node:async_hooks'

/** Takes errors that a handler does not catch. */
export interface ErrorOwner {
  failUncaught(error: unknown): void
}

const current = new AsyncLocalStorage<ErrorOwner>()
let watching = 0

/** Everything that comes from `run` belongs to `owner`, including timers and promises that nobody awaits. */
export function owned<T>(owner: ErrorOwner, run: () => T): T {
  return current.run(owner, run)
}

/**
 * From now on an uncaught error from a handler ends the attempt of that handler instead of the process. Any other still ends the
 * process. Returns how to stop.
 */
export function catchUncaught(): () => void {
  if (watching++ === 0) {
    process.on('unhandledRejection', take)
    process.on('uncaughtException', take)
  }
  return () => {
    if (--watching > 0) return
    process.off('unhandledRejection', take)
    process.off('uncaughtException', take)
  }
}

function take(error: unknown): void {
  const owner = current.getStore()
  if (owner === undefined) throw error
  owner.failUncaught(error)
}
