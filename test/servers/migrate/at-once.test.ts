import { describe, expect, it } from 'vitest'
import { migrate, migrationScript, migrationStatus } from '../../../src/engine/migrate/index.ts'
import { type Database, failureOf, freshDatabase, interlockObjects } from './support.ts'

const backendOf = (db: Database) => db.value('select pg_backend_pid()')

describe('many migrations at once', () => {
  it('all succeed, and one applies', async () => {
    const db = await freshDatabase()
    const connections = await Promise.all(Array.from({ length: 8 }, () => db.connect()))
    const outcomes = await Promise.all(connections.map((connection) => migrate(connection)))
    expect(outcomes.filter((outcome) => outcome.applied)).toHaveLength(1)
    expect(await migrationStatus(db.query)).toMatchObject({ state: 'current' })
  })

  it('all succeed as plain scripts too', async () => {
    const db = await freshDatabase()
    const connections = await Promise.all(Array.from({ length: 8 }, () => db.connect()))
    await Promise.all(connections.map((connection) => connection.exec(migrationScript())))
    expect(await db.value('select count(*)::int from job_queue_migrations')).toBe(2)
    expect(await db.value('select count(*)::int from job_queue_state')).toBe(1)
  })
})

describe('a migration whose backend is killed', () => {
  it('leaves nothing, and can be run again', async () => {
    const [db, whole] = await Promise.all([freshDatabase(), freshDatabase()])
    const other = await db.connect()
    const pid = await backendOf(other)
    // It stops in the middle: everything is made, and nothing is committed.
    const script = migrationScript().replace(/^insert into public\.job_queue_migrations/m, (insert) => {
      return `select pg_sleep(60);\n${insert}`
    })
    const running = failureOf(other.exec(script))
    await expect
      .poll(() => db.value("select wait_event = 'PgSleep' from pg_stat_activity where pid = $1", [pid]))
      .toBe(true)
    await db.query('select pg_terminate_backend($1)', [pid])
    await running
    expect(
      await db.value("select count(*)::int from pg_class where relname ~ '^(job_queue|jobs|workflow)'"),
    ).toBe(0)
    expect(await migrate(db)).toMatchObject({ applied: true })
    await migrate(whole)
    expect(await interlockObjects(db)).toEqual(await interlockObjects(whole))
  })

  it('does not hide its own error behind that of the rollback', async () => {
    const db = await freshDatabase()
    const other = await db.connect()
    const pid = await backendOf(other)
    await db.exec("begin; select pg_advisory_xact_lock(hashtextextended('interlock.migrate', 0))")
    const running = failureOf(migrate(other))
    await expect
      .poll(() => db.value('select wait_event from pg_stat_activity where pid = $1', [pid]))
      .toBe('advisory')
    await db.query('select pg_terminate_backend($1)', [pid])
    expect((await running).code).toBe('57P01')
  })
})
