/** `migrate: true` of a store: for development and tests, where nobody wants to type a command first. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { migrate, migrationStatus } from '../../../src/engine/migrate/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createCoordinator, createJobWorker, silentLogger } from '../../../src/index.ts'
import { failureOf, freshDatabase } from './support.ts'

const storeAt = (url: string) => {
  const store = postgresStore(url, { migrate: true })
  onTestFinished(() => store.close())
  return store
}

it('an empty database needs no command: the first job runs', async () => {
  const db = await freshDatabase()
  const coordinator = await createCoordinator({ store: storeAt(db.url), logger: silentLogger })
  const { promise, resolve } = Promise.withResolvers<unknown>()
  createJobWorker({ coordinator, handlers: { normal: (job) => resolve(job.payload) } }).start()
  await coordinator.enqueue([{ jobId: 'first', models: [], payload: { to: 'world' } }])
  expect(await promise).toEqual({ to: 'world' })
  await coordinator.close()
})

it('any number of processes may open it at once, and a later release is left alone', async () => {
  const db = await freshDatabase()
  await Promise.all([1, 2, 3].map(() => storeAt(db.url).open('default')))
  expect(await migrationStatus(db.query)).toMatchObject({ state: 'current' })
  await db.exec("insert into job_queue_migrations (version, checksum) values ('999', 'x')")
  await storeAt(db.url).open('default')
})

it('no table of yours is touched', async () => {
  const db = await freshDatabase()
  await db.exec('create table jobs (job_id text primary key, status text, model text)')
  await storeAt(db.url).open('default')
  expect(
    await db.value("select count(*)::int from pg_attribute where attrelid = 'jobs'::regclass and attnum > 0"),
  ).toBe(3)
})

it('in production it says the command, and makes nothing', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  onTestFinished(() => void vi.unstubAllEnvs())
  const db = await freshDatabase()
  const error = await failureOf(storeAt(db.url).open('default'))
  expect(error).toMatchObject({ code: 'not_migrated', message: expect.stringContaining('migrate --url') })
  expect(await db.value("select to_regclass('job_queue_log')")).toBeNull()
  await migrate(db)
  await storeAt(db.url).open('default')
})

it('a role that may not make tables is told so', async () => {
  const db = await freshDatabase()
  const role = `guest_${Date.now()}`
  await db.exec(`create role ${role} login password 'x'`)
  onTestFinished(() => db.exec(`drop owned by ${role}; drop role ${role}`))
  const url = new URL(db.url)
  url.username = role
  url.password = 'x'
  expect(await failureOf(storeAt(url.href).open('default'))).toMatchObject({ code: 'store_unwritable' })
})
