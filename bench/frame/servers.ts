import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrate } from '../../src/migrate/index.ts'
import { startPostgres } from '../../test/support/postgres.ts'

/** Of the server that the figures were measured on. */
export interface ServerSettings {
  readonly version: string
  readonly fsync: string
  readonly synchronousCommit: string
}

/** The PostgreSQL of this run: started when it is first needed, or the one that was named. */
export interface Servers extends AsyncDisposable {
  /** A new database with Interlock's tables; its address. Gone when the run ends. */
  database(): Promise<string>
  /** Undefined when no bench needed a server. */
  settings(): Promise<ServerSettings | undefined>
}

/** @param given address of a superuser, of a server to use instead of starting one */
export function serversAt(given: string | undefined): Servers {
  let url: Promise<string> | undefined
  const made: string[] = []
  const cleanUp: (() => Promise<unknown>)[] = []
  const start = async () => {
    if (given !== undefined) return given
    const server = await startPostgres({ fsync: true })
    cleanUp.push(() => server.remove())
    return server.url
  }
  const address = () => {
    url ??= start()
    return url
  }
  return {
    database: async () => {
      const name = `bench_${randomBytes(5).toString('hex')}`
      await ask(await address(), `create database ${name}`)
      made.push(name)
      const database = new URL(await address())
      database.pathname = `/${name}`
      await migrated(database.href)
      return database.href
    },
    settings: async () => {
      if (url === undefined) return undefined
      const [row] = await ask(
        await url,
        `select current_setting('server_version') as version, current_setting('fsync') as fsync,
                current_setting('synchronous_commit') as "synchronousCommit"`,
      )
      return row as unknown as ServerSettings
    },
    [Symbol.asyncDispose]: async () => {
      for (const name of made) await ask(await address(), `drop database if exists ${name} with (force)`)
      for (const work of cleanUp) await work()
    },
  }
}

async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  return connected(url, async (client) => (await client.query(sql)).rows)
}

async function migrated(url: string): Promise<void> {
  await connected(url, (client) =>
    migrate({
      query: async (sql, params) =>
        (await client.query(sql, params === undefined ? undefined : [...params])).rows,
      exec: async (sql) => void (await client.query(sql)),
    }),
  )
}

/** Works on a connection of its own, and closes it. */
export async function connected<Out>(url: string, work: (client: pg.Client) => Promise<Out>): Promise<Out> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
