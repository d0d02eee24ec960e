/** A database in which the keys of head and state were by the queue alone, in place, with a log that goes on. */
import { expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { readMigrationFile } from '../../../src/engine/migrate/package-files.ts'
import { appendFacts } from './plans-support.ts'
import { freshDatabase, interlockObjects } from './support.ts'

const asItWas = `
  alter table interlock.job_queue_heads drop constraint job_queue_heads_pkey, add primary key (queue), set (fillfactor = 10);
  alter table job_queue_state drop constraint job_queue_state_pkey, add primary key (queue), set (fillfactor = 10),
    add constraint job_queue_state_id_key unique (id);
  alter table job_queue_log reset (vacuum_truncate);
  alter table job_queue_jobs reset (vacuum_truncate);
  update job_queue_migrations set checksum = 'x'`

it('gets the version into both keys, and its log goes on', async () => {
  const db = await freshDatabase()
  await migrate(db)
  const session = { ...db, planned: () => [] }
  const fresh = await interlockObjects(db)
  await db.exec(asItWas)
  await appendFacts(session, [{ event_type: 'due' }])
  await db.query(`select job_queue_open('other')`)
  const rows = async () => [
    await db.query('select queue, version, epoch, last_at from interlock.job_queue_heads order by queue'),
    await db.query('select * from job_queue_state order by queue'),
  ]
  const before = await rows()
  await db.exec(readMigrationFile('027_add_job_queue_coordination.sql'))
  expect(await interlockObjects(db)).toEqual(fresh)
  expect(await rows()).toEqual(before)
  expect(await appendFacts(session, [{ event_type: 'due' }])).toMatchObject({ ok: true, version: 2 })
  await db.exec(readMigrationFile('027_add_job_queue_coordination.sql'))
  expect(await db.query('select id, queue, version::int from job_queue_state order by id')).toEqual([
    { id: 1, queue: 'default', version: 2 },
    { id: 2, queue: 'other', version: 0 },
  ])
})

it('opens a queue once, however many processes ask at the same time', async () => {
  const db = await freshDatabase()
  await migrate(db)
  const others = await Promise.all(Array.from({ length: 6 }, () => db.connect()))
  for (let round = 0; round < 10; round++) {
    await Promise.all(others.map((other) => other.query('select job_queue_open($1)', [`new-${round}`])))
    await appendFacts({ ...db, planned: () => [] }, [{ event_type: 'due' }])
  }
  expect(await db.value('select count(*)::int from interlock.job_queue_heads')).toBe(11)
  expect(await db.value('select count(*)::int from job_queue_state')).toBe(11)
})

it('corrects the row of the state, whatever version it was given by hand', async () => {
  const db = await freshDatabase()
  await migrate(db)
  const session = { ...db, planned: () => [] }
  await appendFacts(session, [{ event_type: 'due' }])
  await db.exec(`update job_queue_state set version = 77, status = 'draining', active_models = '{x}'`)
  await appendFacts(session, [{ event_type: 'due' }])
  expect(await db.query('select version::int, status, active_models from job_queue_state')).toEqual([
    { version: 2, status: 'running', active_models: [] },
  ])
})
