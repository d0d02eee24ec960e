export { embeddedDatabase } from './database/pglite.ts'
export {
  DEV_PORT,
  type LocalSupabase,
  type LocalSupabaseOptions,
  startLocalSupabase,
} from './local-supabase.ts'
export { ownTablesScript } from './setup.ts'
