import { createHook } from 'node:async_hooks'
import type { LogStore } from '../../port/index.ts'
import { type CreateClient, clientOver } from './client.ts'
import { type SupabaseOptions, supabaseStore } from './store.ts'

/** A store that makes its own client with a loaded driver. The client ends with `close()`. */
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
    // The driver waits for the answer with a timer of 10 s, which it does not stop when the answer has come.
    await withoutTimers(() => client.realtime.disconnect())
  }
  return { ...store, close }
}

/**
 * Waits for the driver, then ends the timers that it set when it was called: it has no call for that. Until then they keep the
 * process alive for nothing.
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
