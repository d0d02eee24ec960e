/**
 * vitest's globalSetup: one PostgreSQL for the whole run, for the projects that ask for it.
 * INTERLOCK_TEST_POSTGRES_URL (a superuser's) names a server to use instead of starting one.
 */
import type { TestProject } from 'vitest/node'
import { type PostgresServer, startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser; each test file takes a database of its own with `createDatabase`. */
    postgresUrl: string
  }
}

/** Each project loads a copy of this module: what they share is kept on `globalThis`. */
interface Shared {
  users: number
  server?: Promise<PostgresServer>
}
const key = Symbol.for('interlock.test.postgres')
const holder = globalThis as { [key]?: Shared }

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['INTERLOCK_TEST_POSTGRES_URL']
  if (given !== undefined && given !== '') {
    project.provide('postgresUrl', given)
    return async () => {}
  }
  holder[key] ??= { users: 0 }
  const shared = holder[key]
  shared.users++
  // It may stand in memory: no gigabyte of log that nobody reads.
  shared.server ??= startPostgres({ settings: { max_wal_size: '256MB', max_prepared_transactions: '8' } })
  const server = await shared.server
  project.provide('postgresUrl', server.url)
  return async () => {
    shared.users--
    if (shared.users > 0) return
    delete shared.server
    await server.remove()
  }
}
