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
    await client.realtime.disconnect()
  }
  return { ...store, close }
}
