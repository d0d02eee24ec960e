import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { LogStore } from '../../port/index.ts'
import { clientOver } from './client.ts'
import { projectStoreOver } from './project.ts'
import type { SupabaseOptions } from './store.ts'

/**
 * A client as a server needs it: no session to keep, no retries of its own (Interlock knows better what may be sent again),
 * and `Retry-After`, which supabase-js does not pass on, kept with the error that it belongs to.
 *
 * @param key a secret key (`sb_secret_…`) or the `service_role` key; never one that a browser has
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
 * A store with a client of its own, which ends with `close()`.
 *
 * @param key a secret key or the `service_role` key
 */
export function projectStore(url: string, key: string, options?: SupabaseOptions): LogStore {
  return projectStoreOver(createClient, url, key, options)
}
