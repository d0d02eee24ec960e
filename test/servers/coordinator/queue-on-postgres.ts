/** One queue on a server for all tests of a file: a process on it, and SQL beside it. */
import pg from 'pg'
import { afterAll } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { PolicyInput } from '../../../src/engine/events/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'

export async function queueOnPostgres(prefix: string, policy: PolicyInput) {
  const url = await createDatabase(prefix, 'migrated')
  const database = new pg.Pool({ connectionString: url, max: 2 })
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger, pollMs: 50 })
  await coordinator.setPolicy(policy)
  afterAll(async () => {
    await coordinator.close()
    await store.close()
    await database.end()
  })
  /** What a query returns, of a single value. */
  const value = async (text: string, values: readonly unknown[] = []): Promise<unknown> => {
    const { rows } = await database.query(text, [...values])
    return Object.values(rows[0] ?? {})[0]
  }
  /** What comes of a command that SQL sends. */
  const answerTo = async (command: object): Promise<Readonly<Record<string, unknown>>> => {
    const id = await value('select job_queue_request($1)', [JSON.stringify(command)])
    for (;;) {
      const answer = await value('select job_queue_answer($1)', [id])
      if (answer != null) return answer as Readonly<Record<string, unknown>>
      await new Promise(setImmediate)
    }
  }
  return { url, database, store, coordinator, value, answerTo }
}
