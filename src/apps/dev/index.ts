/**
 * `interlock dev`: the part of Supabase that Interlock and its examples use, on this machine, over an embedded or your own PostgreSQL.
 *
 *     const { url, keys, close } = await startLocalSupabase({ db })
 *
 * `rest/` answers `rpc`, `select`, `insert`, `update` and `delete` as PostgREST does, `realtime/` speaks its WebSocket protocol, `keys.ts`
 * makes the keys and checks who a request is from. What it does not know it refuses with 501; nothing is ignored. It listens on
 * 127.0.0.1 only.
 * @module
 */
import type { AddressInfo } from 'node:net'
import type { DevDatabase } from './database/database.ts'
import { httpServer } from './http.ts'
import { makeKeys, type ProjectKeys } from './keys.ts'
import { listenOn } from './port.ts'
import { RealtimeServer } from './realtime/server.ts'
import { RestHandler } from './rest/handler.ts'
import { setUpProject } from './setup.ts'

export type { DevDatabase } from './database/database.ts'
export { embeddedDatabase } from './database/pglite.ts'
export { requirePort } from './port.ts'
export { ownTablesScript } from './setup.ts'

export interface LocalSupabaseOptions {
  readonly db: DevDatabase
  /** A port on the loopback interface. 0, the default, takes a free one. */
  readonly port?: number
  /** The schemas to serve, the default one first; `public` unless given. */
  readonly schemas?: readonly string[]
  /** The key that signs users' tokens; a new one at every start unless given. */
  readonly jwtSecret?: string
  /** How long after a join changes of tables begin to flow, in milliseconds; 0 unless given. The real service takes 2 to 3 s. */
  readonly changesAfterMs?: number
}

export interface LocalSupabase {
  /** For `createClient`. */
  readonly url: string
  readonly keys: ProjectKeys
  close(): Promise<void>
}

/** The port of `interlock dev` unless given: that of `supabase start`. */
export const DEV_PORT = 54_321

/**
 * Serves the part of a Supabase project that Interlock uses, on 127.0.0.1 only. Creates what a project has and the database lacks
 * (roles, `auth`, `realtime`).
 */
export async function startLocalSupabase(options: LocalSupabaseOptions): Promise<LocalSupabase> {
  const { db, port = 0, schemas = ['public'], jwtSecret, changesAfterMs = 0 } = options
  await setUpProject(db)
  const keys = await makeKeys(jwtSecret)
  const rest = new RestHandler({ db, keys, schemas })
  const reload = () => rest.reload()
  await db.listen('pgrst', reload, reload)
  const server = httpServer({ rest, db, keys })
  const realtime = new RealtimeServer(server, { db, keys, changesAfterMs })
  await realtime.start()
  await listenOn(server, port)
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    try {
      await realtime.close()
      await closed
    } finally {
      await db.close()
    }
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys, close }
}
