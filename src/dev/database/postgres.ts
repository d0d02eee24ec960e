import pg from 'pg'
import { type DevDatabase, PoolExhausted, type Row, type Session, settingStatement } from './database.ts'

/** PostgREST's pool as Supabase sets it up: 10 connections, and a request waits 10 s for one of them. */
const POOL = { max: 10, connectionTimeoutMillis: 10_000 }

/** A PostgreSQL server. The login must be able to take on anon, authenticated and service_role. */
export async function postgresDatabase(url: string): Promise<DevDatabase> {
  const pool = new pg.Pool({ connectionString: url, application_name: 'interlock dev', ...POOL })
  pool.on('error', () => {})
  const listener = new pg.Client({ connectionString: url, application_name: 'interlock dev' })
  listener.on('error', () => {})
  await listener.connect()
  const hearing = new Map<string, (payload: string) => void>()
  listener.on('notification', ({ channel, payload }) => hearing.get(channel)?.(payload ?? ''))
  const { host, port, database } = listener
  return {
    name: `postgres://${host}:${port}/${database ?? ''}`,
    query: async (sql, values = []) => (await pool.query(sql, [...values])).rows as Row[],
    exec: async (sql) => void (await pool.query(sql)),
    transaction: (mode, settings, work) => inTransaction(pool, mode, settings, work),
    listen: async (channel, onPayload) => {
      hearing.set(channel, onPayload)
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
  const client = await connected(pool)
  const ignore = () => {}
  client.on('error', ignore)
  let broken = false
  try {
    await client.query(`begin isolation level read committed ${mode}`)
    const { text, values } = settingStatement(settings)
    await client.query(text, [...values])
    const result = await work({
      query: async (sql, given = []) => (await client.query(sql, [...given])).rows as Row[],
    })
    await client.query('commit')
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

async function connected(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    if (error instanceof Error && /timeout exceeded/.test(error.message)) throw new PoolExhausted()
    throw error
  }
}
