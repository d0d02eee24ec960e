// Slow: kills the server under a dashboard.
/** PostgreSQL is killed and started under a mounted dashboard. */
import { expect, it, onTestFinished } from 'vitest'
import { createDashboard } from '../../../src/apps/dashboard/index.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { migrateDatabase } from '../../servers/contract/support.ts'
import { clientOf, type Message, messagesIn, operator } from '../../servers/dashboard/support.ts'
import { startPostgres } from '../../support/postgres.ts'

it('an outage of PostgreSQL: the host lives, the page is told, and afterwards no event is missing', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  await migrateDatabase(server.url)
  const stores = [postgresStore(server.url), postgresStore({ connectionString: server.url, max: 2 })] as const
  const [own, theirs] = stores
  const coordinator = await createCoordinator({ store: own, logger: silentLogger })
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  const dashboard = createDashboard({ store: theirs, authorize: () => operator })
  const { get } = clientOf(dashboard)
  const seen: number[] = []
  const messages = messagesIn(await get('/api/queues/default/events'))
  const until = async (is: (message: Message) => boolean) => {
    for (;;) {
      const { value, done } = await messages.next()
      if (done) throw new Error('the stream has ended')
      if (value.event === 'log') for (const { seq } of value.data) seen.push(seq)
      if (is(value)) return value
    }
  }
  await until(({ event }) => event === 'log')
  await server.kill()
  expect((await until(({ event }) => event === 'failure')).data).toMatchObject({ code: 'store_unavailable' })
  expect((await get('/api/queues/default/log')).status).toBe(503)
  expect((await get('/api/me')).status).toBe(200)
  await server.restart()
  await until(({ event }) => event === 'recovered')
  await coordinator.enqueue([{ jobId: 'b', models: ['m'] }])
  const { version } = await own.read('default', 0, 1)
  await until(() => (seen.at(-1) ?? 0) >= version)
  expect(seen).toEqual(Array.from({ length: version }, (_, i) => i + 1))
  await dashboard.close()
  await coordinator.close()
  await Promise.all(stores.map((store) => store.close()))
})
