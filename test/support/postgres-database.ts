import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { afterEachFile } from './hooks.ts'
import { madeOnce } from './once.ts'
import type {} from './postgres-global.ts'

const created: string[] = []

/** After the file's own hooks. */
afterEachFile(async () => {
  if (created.length === 0) return
  await administer(async (client) => {
    for (const name of created.splice(0)) {
      await leftByAll(client, name)
      await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
    }
  })
})

/**
 * Makes an empty database on the run's server, or one like a template or another one that nobody is connected to, and returns its URL (superuser). It is dropped when the test file
 * has ended, whoever is still connected. Roles are shared by the whole server: create them only if missing.
 */
export async function createDatabase(prefix: string, like?: 'migrated' | 'project' | URL): Promise<string> {
  const template = await templateOf(like)
  const name = `${prefix}_${randomBytes(5).toString('hex')}`
  // By files: through the log, as by default, the server takes a fifth more processor time for each of some thousand databases of a run.
  const how = `TEMPLATE "${template}" ENCODING 'UTF8' STRATEGY FILE_COPY`
  await administer((client) => client.query(`CREATE DATABASE "${name}" ${how}`))
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
async function leftByAll(client: pg.Client, name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { rowCount } = await client.query('SELECT 1 FROM pg_stat_activity WHERE datname = $1', [name])
    if (rowCount === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function administer(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
