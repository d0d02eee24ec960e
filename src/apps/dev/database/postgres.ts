import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { unreachable } from '../../../engine/process/index.ts'
import {
  ConnectionLost,
  type DatabaseRow,
  type DevDatabase,
  PoolExhausted,
  type Session,
  settingStatement,
} from './database.ts'

/** PostgREST's pool as Supabase sets it up: 10 connections, and a request waits 10 s for one of them. */
const POOL = { max: 10, connectionTimeoutMillis: 10_000 }

/** A PostgreSQL server. The login must be able to take on anon, authenticated and service_role. */
export async function postgresDatabase(url: string): Promise<DevDatabase> {
  const config = { connectionString: url, application_name: 'interlock dev' }
  const listener = new Listener(config)
  const place = listener.place
  await listener.connect().catch((error: unknown) => Promise.reject(unreachable(place, error)))
  const pool = new pg.Pool({ ...config, ...POOL })
  pool.on('error', () => {})
  return {
    name: `postgres://${place.host}:${place.port}/${place.database}`,
    query: (sql, values = []) => asked(pool, sql, values),
    exec: (sql) => executed(pool, sql),
    transaction: (mode, settings, work) => inTransaction(pool, mode, settings, work),
    listen: (channel, onPayload, onGap = () => {}) => listener.listen(channel, { onPayload, onGap }),
    close: async () => {
      await listener.close()
      await pool.end()
    },
  }
}

async function inTransaction<Out>(
  pool: pg.Pool,
  mode: 'read only' | 'read write',
  settings: Readonly<Record<string, string>>,
  work: (session: Session) => Promise<Out>,
): Promise<Out> {
  const client = await connected(pool)
  const ignore = () => {}
  client.on('error', ignore)
  let broken = false
  try {
    await asked(client, `begin isolation level read committed ${mode}`)
    const { text, values } = settingStatement(settings)
    await asked(client, text, values)
    const result = await work({ query: (sql, given = []) => asked(client, sql, given) })
    await asked(client, 'commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.off('error', ignore)
    client.release(broken)
  }
}

const asked = async (
  on: pg.Pool | pg.PoolClient,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly DatabaseRow[]> => (await on.query<DatabaseRow>(sql, [...values]).catch(lost)).rows

async function executed(pool: pg.Pool, sql: string): Promise<readonly DatabaseRow[]> {
  const client = await connected(pool)
  try {
    const results: pg.QueryResult<DatabaseRow>[] = [await client.query<DatabaseRow>(sql).catch(lost)].flat()
    return results.at(-1)?.rows ?? []
  } finally {
    // The statement may have begun a transaction or changed a setting, so the connection is not reused.
    client.release(true)
  }
}

/** Errors of the server are passed on. Any other error means that it did not answer. */
function lost(error: Error): never {
  if (error instanceof pg.DatabaseError) throw error
  throw new ConnectionLost(error.message, { cause: error })
}

async function connected(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    if (error instanceof Error && /timeout exceeded/.test(error.message)) throw new PoolExhausted()
    return lost(error as Error)
  }
}

const AGAIN_AFTER_MS = 250

interface Listening {
  readonly onPayload: (payload: string) => void
  readonly onGap: () => void
}

/** The connection that receives notifications. If it ends (the server restarts), another one takes its place. */
class Listener {
  readonly #config: pg.ClientConfig
  readonly #hearings = new Map<string, Listening>()
  #client: pg.Client
  #closed = false

  constructor(config: pg.ClientConfig) {
    this.#config = config
    this.#client = this.#made()
  }

  /** Where it is connected to. */
  get place(): { readonly host: string; readonly port: number; readonly database: string } {
    const { host, port, database = '' } = this.#client
    return { host, port, database }
  }

  async connect(): Promise<void> {
    const client = this.#client
    await client.connect()
    client.once('end', () => void this.#connectAgain())
  }

  /** `onGap`: called when notifications may have been missed. */
  async listen(channel: string, listening: Listening): Promise<void> {
    this.#hearings.set(channel, listening)
    await listenTo(this.#client, channel)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client.end()
  }

  #made(): pg.Client {
    const client = new pg.Client(this.#config)
    // The end of the connection follows, and is handled there.
    client.on('error', () => {})
    client.on('notification', ({ channel, payload }) => this.#hearings.get(channel)?.onPayload(payload ?? ''))
    return client
  }

  async #connectAgain(): Promise<void> {
    while (!this.#closed) {
      this.#client = this.#made()
      if (await this.#isBack()) return
      await sleep(AGAIN_AFTER_MS, undefined, { ref: false })
    }
  }

  async #isBack(): Promise<boolean> {
    const client = this.#client
    try {
      await client.connect()
      for (const channel of this.#hearings.keys()) await listenTo(client, channel)
    } catch {
      // The server is not back yet. Tries again until this listener is closed.
      await client.end().catch(() => {})
      return false
    }
    client.once('end', () => void this.#connectAgain())
    for (const { onGap } of this.#hearings.values()) onGap()
    return true
  }
}

const listenTo = (client: pg.Client, channel: string) =>
  client.query(`listen ${pg.escapeIdentifier(channel)}`)
