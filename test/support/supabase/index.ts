/**
 * A stand-in for the part of Supabase that Interlock calls, for its own tests and for those who work on it.
 *
 *     const { url, keys, close } = await startLocalSupabase({ db })
 *
 * `rest/` answers `rpc`, `select`, `insert`, `update` and `delete` with `eq` as PostgREST does, `realtime/` speaks its WebSocket protocol,
 * `keys.ts` makes the keys and checks who a request is from. What it lacks it refuses with 501 and the name of it; nothing is ignored.
 * Its contract are answers that were recorded from the real server (`conformance/`). It listens on 127.0.0.1 only.
 * @module
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { ProjectDatabase } from './database.ts'
import { httpServer } from './http.ts'
import { makeKeys, type ProjectKeys } from './keys.ts'
import { RealtimeServer } from './realtime/server.ts'
import { RestHandler } from './rest/handler.ts'
import { setUpProject } from './setup.ts'

export interface LocalSupabaseOptions {
  readonly db: ProjectDatabase
  /** A port on the loopback interface. 0, the default, takes a free one. */
  readonly port?: number
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

/** Creates what a project has and the database lacks (roles, `auth`, `realtime`), and serves it. */
export async function startLocalSupabase(options: LocalSupabaseOptions): Promise<LocalSupabase> {
  const { db, port = 0, jwtSecret, changesAfterMs = 0 } = options
  await setUpProject(db)
  const keys = await makeKeys(jwtSecret)
  const rest = new RestHandler(db, keys)
  await db.listen('pgrst', () => rest.reload())
  const server = httpServer(rest)
  const realtime = new RealtimeServer(server, { db, keys, changesAfterMs })
  await realtime.start()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
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
