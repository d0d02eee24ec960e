import { createHook } from 'node:async_hooks'
import type { LogStore } from '../../port/index.ts'
import { type CreateClient, clientOver } from './client.ts'
import { type SupabaseOptions, supabaseStore } from './store.ts'

/** A store with a client of its own, made by a driver that was loaded. The client ends with `close()`. */
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
    // Its answer is waited for with a timer of 10 s, which nobody stops once it has come.
    await withoutTimers(() => client.realtime.disconnect())
  }
  return { ...store, close }
}

/**
 * Waits for what the driver does, and then ends the timers that it set when it was called: it has no way to be told to.
 * Until then they keep the process, which would have nothing else to wait with.
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
