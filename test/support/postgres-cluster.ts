/** The files of a server, to start others from: `initdb` and the migration take seconds, a copy a few tenths of one. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/engine/migrate/index.ts'
import type { Made } from './made.ts'
import { quickTmpdir, startPostgres } from './postgres.ts'

export async function makeCluster(): Promise<Made> {
  const folder = await mkdtemp(path.join(await quickTmpdir(), 'interlock-cluster-'))
  await chmod(folder, 0o755)
  const place = path.join(folder, 'data')
  const server = await startPostgres({ dataDir: place })
  try {
    await withClient(server.url, (client) =>
      migrate({
        query: async (sql, values) => (await client.query(sql, values ? [...values] : undefined)).rows,
        exec: async (sql) => void (await client.query(sql)),
      }),
    )
    await server.stop()
  } finally {
    await server.remove()
  }
  return { place, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A connection for one piece of work. */
export async function withClient<Out>(url: string, work: (client: pg.Client) => Promise<Out>): Promise<Out> {
  const client = new pg.Client({ connectionString: url })
  // A server that is killed under it says so here as well.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
