/** Databases to make others of: a copy takes a quarter of the time of a migration. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrate, migrationScript } from '../../src/engine/migrate/index.ts'
import type { Made } from './made.ts'
import { postgresDatabase } from './supabase/database.ts'
import { setUpProject } from './supabase/setup.ts'

export const migratedTemplate = (server: string): Promise<Made> =>
  template(server, async (url) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await migrate({
      query: async (sql, values) => (await client.query(sql, values ? [...values] : undefined)).rows,
      exec: async (sql) => void (await client.query(sql)),
    })
    await client.end()
  })

export const projectTemplate = (server: string): Promise<Made> =>
  template(server, async (url) => {
    const db = await postgresDatabase(url)
    await setUpProject(db)
    await db.exec(migrationScript())
    await db.close()
  })

async function template(server: string, fill: (url: string) => Promise<void>): Promise<Made> {
  const place = `template_${randomBytes(5).toString('hex')}`
  await query(server, `create database "${place}" template template0 encoding 'UTF8'`)
  const url = new URL(server)
  url.pathname = `/${place}`
  await fill(url.href)
  // The first connection after a change of the catalog writes what all others read as they begin: here, and not in each copy.
  await query(url.href, 'select')
  return { place, remove: () => query(server, `drop database "${place}" with (force)`) }
}

async function query(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
