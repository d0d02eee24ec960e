// Slow, 19 s: migrates an old account back and forth.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { migrate, migrationStatus, undoFirstCoordinator } from '../../../src/engine/migrate/index.ts'
import {
  type Database,
  failureOf,
  freshDatabase,
  freshPglite,
  interlockObjects,
} from '../../servers/migrate/support.ts'

const account = readFileSync(
  new URL('../../servers/migrate/fixtures/first-coordinator.sql', import.meta.url),
  'utf8',
)

async function firstCoordinator(
  fresh: () => Promise<Pick<Database, 'query' | 'exec' | 'value'>> = freshDatabase,
) {
  const db = await fresh()
  await db.exec(account)
  return db
}

/** Everything that belongs to the first coordinator's two tables, whatever they are called now. */
const oldTables = async (db: Pick<Database, 'query'>, suffix: string) => ({
  state: await db.query(`select * from job_queue_state${suffix}`),
  log: await db.query(`select * from job_queue_log${suffix} order by id`),
  indexes: await db.query(
    `select replace(indexrelid::regclass::text, '_v1', '') as name, indisprimary from pg_index
      where indrelid in (to_regclass('job_queue_state${suffix}'), to_regclass('job_queue_log${suffix}')) order by 1`,
  ),
  policies: await db.query(
    `select polname from pg_policy where polrelid = to_regclass('job_queue_state${suffix}')`,
  ),
})

describe.each([
  ['PostgreSQL', freshDatabase],
  ['PGlite', freshPglite],
])('an account of the first coordinator on %s', (_, fresh) => {
  it('keeps its tables as _v1 and its rows of jobs as they are', async () => {
    const db = await firstCoordinator(fresh)
    const before = await oldTables(db, '')
    const jobs = await db.query('select * from jobs order by job_id')
    expect(await migrate(db)).toMatchObject({ applied: true })
    expect(await oldTables(db, '_v1')).toEqual(before)
    expect(await db.query('select * from jobs order by job_id')).toEqual(
      jobs.map((row) => ({ ...row, priority: null })),
    )
    expect(await db.query('select id, queue, status from job_queue_state')).toEqual([
      { id: 1, queue: 'default', status: 'idle' },
    ])
  })

  it('ends in the same objects as a new account', async () => {
    const [old, clean] = await Promise.all([firstCoordinator(fresh), fresh()])
    await Promise.all([migrate(old), migrate(clean)])
    expect(await interlockObjects(old)).toEqual(await interlockObjects(clean))
  })

  it('is refused while a job is active, and nothing is changed (first_coordinator_active)', async () => {
    const db = await firstCoordinator(fresh)
    await db.exec("update job_queue_state set active_job_id = 'job-77'")
    const error = await failureOf(migrate(db))
    expect(error).toMatchObject({ code: 'first_coordinator_active', details: { sqlstate: 'JQ104' } })
    expect(error.message).toContain('job-77')
    expect(await db.value("select to_regclass('job_queue_state_v1')")).toBeNull()
    await db.exec('update job_queue_state set active_job_id = null')
    expect(await migrate(db)).toMatchObject({ applied: true })
  })

  it('can go back, forth and back again', async () => {
    const db = await firstCoordinator(fresh)
    const before = await oldTables(db, '')
    for (const round of [1, 2]) {
      await migrate(db)
      await undoFirstCoordinator(db)
      expect(await oldTables(db, '')).toEqual(before)
      expect(await migrationStatus(db.query)).toMatchObject({ state: 'not_migrated' })
      expect(await db.value(`select count(*)::int from job_queue_state_undone_${round}`)).toBe(1)
      expect(await db.value("select count(*)::int from pg_trigger where tgname ~ 'job_queue_guard'")).toBe(0)
      expect(
        await db.value("select string_agg(proname, ',') from pg_proc where proname ~ '^job_queue_'"),
      ).toBe('job_queue_refuse_change')
    }
    // The first coordinator's own statements work again.
    await db.exec("insert into job_queue_log (event_type, job_id) values ('queued', 'x')")
    await db.exec("update job_queue_state set active_job_id = 'x' where id = 1")
  })

  it('does not go back while a job of ours is running', async () => {
    const db = await firstCoordinator(fresh)
    await migrate(db)
    await db.exec(`insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level,
      place_order, place_tie, queued_at, attempt, attempts, timeout_ms)
      values ('default', 'running-1', 'active', 'normal', 'normal', '{}', 0, 0, 0, 0, now(), 1, 1, 1000)`)
    expect((await failureOf(undoFirstCoordinator(db))).message).toContain('running-1')
    expect(await migrationStatus(db.query)).toMatchObject({ state: 'current' })
  })
})

describe('the way back', () => {
  it('is refused where there was no first coordinator', async () => {
    const db = await freshDatabase()
    await migrate(db)
    expect(await failureOf(undoFirstCoordinator(db))).toMatchObject({
      code: 'invalid_input',
      details: { sqlstate: 'JQ107' },
    })
  })
})
