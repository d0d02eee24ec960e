/**
 * The store in a Supabase project, over HTTP (`interlock-queue/supabase`; needs `@supabase/supabase-js`). Each call has its price, so
 * calls go one after the other, most important first (`rpc.ts`), and processes learn of each other's appends over Realtime
 * (`wake-channel.ts`, `announcements.ts`), with the events in the message (`news.ts`).
 * @example
 * import { createCoordinator } from 'interlock-queue'
 * import { supabaseClient, supabaseStore } from 'interlock-queue/supabase'
 *
 * const client = supabaseClient('https://project.supabase.co', 'sb_secret_…')
 * const coordinator = await createCoordinator({ store: supabaseStore(client) })
 * @module
 */
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { LogStore } from '../index.ts'
import { clientOver } from './client.ts'
import { projectStoreOver } from './project.ts'
import type { SupabaseOptions } from './store.ts'

export type { SupabaseLike } from './client-shape.ts'
export type { Database, Json } from './database.ts'
export { type SupabaseOptions, supabaseStore } from './store.ts'
export type { WakeSource } from './wake-channel.ts'

/**
 * A client for a server: without a session and without retries (Interlock knows better what may be sent again). It keeps
 * `Retry-After`, which supabase-js drops, in the error.
 *
 * @param key a secret key (`sb_secret_…`) or the `service_role` key; never a browser's key
 * @throws InterlockError `invalid_input` for a key that no header can hold
 * @example
 * import { supabaseClient, supabaseStore } from 'interlock-queue/supabase'
 * const { SUPABASE_URL = '', SUPABASE_SECRET_KEY = '' } = process.env
 * const store = supabaseStore(supabaseClient(SUPABASE_URL, SUPABASE_SECRET_KEY))
 */
export function supabaseClient(url: string, key: string): SupabaseClient {
  return clientOver(createClient, url, key)
}

/**
 * A store that makes its own client and ends it with `close()`.
 * @param key a secret key or the `service_role` key
 */
export function projectStore(url: string, key: string, options?: SupabaseOptions): LogStore {
  return projectStoreOver(createClient, url, key, options)
}
