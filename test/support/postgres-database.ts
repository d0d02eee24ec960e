import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { afterEachFile } from './hooks.ts'
import { madeOnce } from './once.ts'
import type {} from './postgres-global.ts'

const created: string[] = []

/** To the run's server, for all files of this process: a connection for each database would take as much as making it. */
let administrators: pg.Pool | undefined
const administer = (sql: string, values?: unknown[]): Promise<pg.QueryResult> => {
  administrators ??= new pg.Pool({
    ...{ connectionString: inject('postgresUrl'), max: 2 },
    ...{ idleTimeoutMillis: 60_000, allowExitOnIdle: true },
  }).on('error', () => {})
  return administrators.query(sql, values)
}

/** After the file's own hooks. */
afterEachFile(async () => {
  for (const name of created.splice(0)) {
    await leftByAll(name)
    await administer(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
  }
})

/**
 * Makes an empty database on the run's server, or one like a template or another one that nobody is connected to, and returns its URL (superuser). It is dropped when the test file
 * has ended, also if somebody is still connected. Roles are shared by the whole server: create them only if missing.
 */
export async function createDatabase(prefix: string, like?: 'migrated' | 'project' | URL): Promise<string> {
  const template = await templateOf(like)
  const name = `${prefix}_${randomBytes(5).toString('hex')}`
  // By files: through the log, as by default, the server takes a fifth more processor time for each of some thousand databases of a run.
  const how = `TEMPLATE "${template}" ENCODING 'UTF8' STRATEGY FILE_COPY`
  await administer(`CREATE DATABASE "${name}" ${how}`)
  created.push(name)
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${name}`
  return url.href
}

async function templateOf(like?: 'migrated' | 'project' | URL): Promise<string> {
  if (like instanceof URL) return like.pathname.slice(1)
  return like === undefined ? 'template0' : madeOnce(like)
}

/** A pool that has ended is still saying goodbye; being cut off then would be an error that nobody listens to. */
async function leftByAll(name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { rowCount } = await administer('SELECT 1 FROM pg_stat_activity WHERE datname = $1', [name])
    if (rowCount === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
