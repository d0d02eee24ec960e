import { describe, expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { createSupabaseRoles } from '../migrate/support.ts'
import { account, arrivedJobs } from './support.ts'

describe('the trigger on jobs', () => {
  it('needs no privilege of the role that inserts', async () => {
    const db = await account()
    await createSupabaseRoles(db)
    await db.exec(`grant insert on jobs to anon, authenticated;
      create policy browser on jobs for insert to anon, authenticated with check (true)`)
    await db.exec("set role anon; insert into jobs (job_id, model) values ('a', 'm')")
    await db.exec("set role authenticated; insert into jobs (job_id, model) values ('b', 'm'); reset role")
    expect(await arrivedJobs(db)).toEqual(['a', 'b'])
  })

  it.each([
    ['its table is gone', 'drop table interlock.job_queue_arrivals'],
    ['the settings are gone', 'drop table interlock.job_queue_settings cascade'],
    ['a column was dropped', 'alter table jobs drop column queued_at cascade'],
    ['the status was dropped', 'alter table jobs drop column status'],
    ['its function is gone that it calls', 'drop function interlock.job_queue_status'],
  ])('lets the insert go on although %s', async (_, harm) => {
    const db = await account()
    await db.exec(harm)
    await db.exec("insert into jobs (job_id, model) values ('a', 'm')")
    expect(await db.value('select count(*)::int from jobs')).toBe(1)
  })

  it('takes one row per row and statement, and no subtransaction with a number of its own', async () => {
    const db = await account()
    await db.exec('begin')
    await db.exec("insert into jobs (job_id, model) values ('a', 'm')")
    for (let n = 0; n < 20; n++) await db.query('insert into jobs (job_id) values ($1)', [`job-${n}`])
    await db.exec('commit')
    expect(await db.value('select count(distinct xmin::text)::int from interlock.job_queue_arrivals')).toBe(1)
    expect(await arrivedJobs(db)).toHaveLength(21)
  })

  it('is made once, and not on a table that is for something else', async () => {
    const triggers = `select count(*)::int from pg_trigger where tgname = 'job_queue_intake'`
    const db = await account()
    await migrate(db, { account: 'any', runtimeRole: '' })
    expect(await db.value(triggers)).toBe(1)
    const numbered = await account('create table jobs (job_id bigint, status text)')
    expect(await numbered.value(triggers)).toBe(0)
    const stateless = await account('create table jobs (job_id text, model text)')
    expect(await stateless.value(triggers)).toBe(0)
    await stateless.exec("insert into jobs (job_id) values ('a')")
  })
})
