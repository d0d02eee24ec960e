export { supabaseClient } from './client.ts'
export type { SupabaseLike } from './like.ts'
export { projectStore, type SupabaseOptions, supabaseStore } from './store.ts'
export type { WakeSource } from './wake-channel.ts'
