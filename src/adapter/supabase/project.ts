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
    await withoutHolding(() => client.realtime.disconnect())
  }
  return { ...store, close }
}

/** Lets no timer that is set during the call keep the process alive; those of the driver cannot be reached otherwise. */
function withoutHolding<Out>(work: () => Out): Out {
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === 'Timeout') (resource as NodeJS.Timeout).unref()
    },
  })
  hook.enable()
  try {
    return work()
  } finally {
    hook.disable()
  }
}
