/** What a process takes of the server's connections when it joins. */
import pg from 'pg'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { atEnd } from '../../support/this-test.ts'

it('a process that joins makes two connections: one that listens and appends, and one for the rest', async () => {
  const url = await createDatabase('connections', 'migrated')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  atEnd(() => client.end())
  // With what each did last. The server's own, such as one of autovacuum, are none of them.
  const others = async () => {
    const { rows } = await client.query(
      `select state, query from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    return rows
  }
  const projected = async () =>
    (await client.query('select projected_seq = version as is from interlock.job_queue_heads')).rows[0].is
  const store = postgresStore(url)
  atEnd(() => store.close())
  const coordinator = await createCoordinator({ store, logger: silentLogger, pollMs: 3_600_000 })
  atEnd(() => coordinator.close())
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  await expect.poll(projected).toBe(true)
  expect(await others()).toHaveLength(2)
})
