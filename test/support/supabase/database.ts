import pg from 'pg'

export type DatabaseRow = Readonly<Record<string, unknown>>

/** One transaction, or one connection outside of one. */
export interface Session {
  query(sql: string, values?: readonly unknown[]): Promise<readonly DatabaseRow[]>
}

/** The database behind the stand-in. */
export interface ProjectDatabase extends Session {
  /** Runs many statements without values. */
  exec(sql: string): Promise<void>
  /** Runs `work` in a transaction of its own, with these settings, which end with it; `role` is one of them. */
  transaction<Out>(
    mode: 'read only' | 'read write',
    settings: Readonly<Record<string, string>>,
    work: (session: Session) => Promise<Out>,
  ): Promise<Out>
  listen(channel: string, onPayload: (payload: string) => void): Promise<void>
  close(): Promise<void>
}

/** PostgREST's pool as Supabase sets it up. */
const CONNECTIONS = 10

/** A PostgreSQL server. The login must be able to take on anon, authenticated and service_role. */
export async function postgresDatabase(url: string): Promise<ProjectDatabase> {
  const config = { connectionString: url, application_name: 'stand-in for Supabase' }
  const listener = new pg.Client(config)
  const heard = new Map<string, (payload: string) => void>()
  listener.on('notification', ({ channel, payload }) => heard.get(channel)?.(payload ?? ''))
  // A server that a test ends. What is asked after that fails.
  listener.on('error', () => {})
  await listener.connect()
  const pool = new pg.Pool({ ...config, max: CONNECTIONS }).on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    query: (sql, values = []) => asked(pool, sql, values),
    exec: async (sql) => void (await pool.query(sql)),
    transaction: (mode, settings, work) => inTransaction(pool, mode, settings, work),
    listen: async (channel, onPayload) => {
      heard.set(channel, onPayload)
      await listener.query(`listen ${pg.escapeIdentifier(channel)}`)
    },
    close: async () => {
      await listener.end()
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
  const client = await pool.connect()
  let broken = false
  try {
    await client.query(`begin isolation level read committed ${mode}`)
    const entries = Object.entries(settings)
    const calls = entries.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, true)`)
    await client.query(`select ${calls.join(', ')}`, entries.flat())
    const result = await work({ query: (sql, values = []) => asked(client, sql, values) })
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.release(broken)
  }
}

const asked = async (
  on: pg.Pool | pg.PoolClient,
  sql: string,
  values: readonly unknown[],
): Promise<readonly DatabaseRow[]> => (await on.query<DatabaseRow>(sql, [...values])).rows
