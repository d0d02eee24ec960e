export type { DevDatabase } from './database/database.ts'
export { embeddedDatabase } from './database/pglite.ts'
export {
  DEV_PORT,
  type LocalSupabase,
  type LocalSupabaseOptions,
  startLocalSupabase,
} from './local-supabase.ts'
export { requirePort } from './port.ts'
export { ownTablesScript } from './setup.ts'
