import type { LogStore } from '../index.ts'
import { type CreateClient, clientOver } from './client.ts'
import { type SupabaseOptions, supabaseStore } from './store.ts'

/** A store that makes its own client with a loaded driver, and ends it with `close()`. */
export function projectStoreOver(
  create: CreateClient,
  url: string,
  key: string,
  options: SupabaseOptions = {},
): LogStore {
  const client = clientOver(create, url, key)
  const store = supabaseStore(client, options)
  const close = async () => {
    await store.close()
    // The driver waits for the answer with a timer of 10 s, and does not stop the timer when the answer has come.
    await withoutTimers(() => client.realtime.disconnect())
  }
  return { ...store, close }
}

/**
 * Waits for the driver, then clears the timers that the driver set when it was called: otherwise they keep the process alive for
 * nothing, and the driver has no call to clear them. Other code does not run meanwhile. Hooks that see timers are not in every
 * runtime: Bun has none.
 */
async function withoutTimers(work: () => Promise<unknown>): Promise<void> {
  const { setTimeout: plain } = globalThis
  const timers: NodeJS.Timeout[] = []
  const kept = (...given: Parameters<typeof plain>) => {
    const timer = plain(...given)
    timers.push(timer)
    return timer
  }
  globalThis.setTimeout = Object.assign(kept, plain)
  let done: Promise<unknown>
  try {
    done = work()
  } finally {
    globalThis.setTimeout = plain
  }
  await done.finally(() => {
    for (const timer of timers) clearTimeout(timer)
  })
}
