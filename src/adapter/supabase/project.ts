import { createHook } from 'node:async_hooks'
import type { LogStore } from '../../port/index.ts'
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
 * Waits for the driver, then clears the timers that the driver set meanwhile: otherwise they keep the process alive for nothing,
 * and the driver has no call to clear them.
 */
async function withoutTimers(work: () => Promise<unknown>): Promise<void> {
  const timers: NodeJS.Timeout[] = []
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === 'Timeout') timers.push(resource as NodeJS.Timeout)
    },
  })
  hook.enable()
  const done = work().finally(() => {
    for (const timer of timers) clearTimeout(timer)
  })
  hook.disable()
  await done
}
