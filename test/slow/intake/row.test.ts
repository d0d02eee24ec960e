// Slow: rows read without statistics, which autovacuum may make.
import { describe, expect, it } from 'vitest'
import { account } from '../../servers/intake/support.ts'

const id = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'

describe('the row of the user', () => {
  it.each(['uuid', 'text', 'varchar(50)'])(
    'comes with the data of its job when the key is %s',
    async (type) => {
      const db = await account(
        `create table jobs (job_id ${type} primary key, status text, model text, input jsonb)`,
      )
      await db.query("insert into jobs values ($1, 'held', 'm', $2)", [
        id,
        JSON.stringify({ prompt: 'a train' }),
      ])
      const coordinator = await db.coordinator()
      const [found, none] = await coordinator.data([id, 'no such row'])
      expect(found?.row).toMatchObject({
        job_id: id,
        status: 'held',
        input: { prompt: 'a train' },
        queued_at: null,
      })
      expect(none?.row).toBeNull()
    },
  )

  it('comes with the data of a second attempt, beside the error of the first', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    await coordinator.setPolicy('by-model')
    await db.exec("insert into jobs (job_id, model) values ('a', 'm')")
    await coordinator.takeIn({ max: 10 })
    const attempt = async () =>
      ((await coordinator.claim({ max: 1, kinds: null }))[0] ?? expect.unreachable()).lease
    await coordinator.fail(await attempt(), { error: new Error('no memory left') })
    expect(await coordinator.dataOf(await attempt())).toMatchObject({
      row: { job_id: 'a', model: 'm' },
      error: { message: 'no memory left' },
    })
  })

  it('is null where the account has no such table', async () => {
    const db = await account('create table other (id integer)')
    expect(await (await db.coordinator()).data(['a'])).toMatchObject([{ jobId: 'a', row: null }])
  })
})

describe('a note', () => {
  it('is flushed to the disk when it holds a checkpoint, whatever the default of the database', async () => {
    const db = await account()
    await db.exec('set synchronous_commit = off')
    await db.exec("begin; select job_queue_note('default', 'a', 1, '{\"progress\": 1}')")
    expect(await db.value('show synchronous_commit')).toBe('off')
    await db.exec("select job_queue_note('default', 'a', 1, '{\"checkpoint\": null}')")
    expect(await db.value('show synchronous_commit')).toBe('on')
    await db.exec('rollback')
  })
})

describe('the life of a job', () => {
  it('is found by the index of its id in a long log without statistics', async () => {
    const db = await account()
    await db.exec(`insert into job_queue_log (seq, created_at, queue, event_type, job_id, command_id, data)
      select n, now(), 'default', 'queued', 'job-' || n, 'c', '{"final": true}' from generate_series(1, 100000) n`)
    const fetched = () => db.value("select pg_stat_get_xact_tuples_fetched('job_queue_log'::regclass)::int")
    const cost = async (sql: string) => {
      const before = Number(await fetched())
      await db.query(sql)
      return Number(await fetched()) - before
    }
    await db.exec('begin')
    for (const sql of [
      `select interlock.job_queue_put_data('default', '[{"job_id": "job-77", "payload": 1}]')`,
      `select job_queue_data_of('default', array['job-77'])`,
      `select interlock.job_queue_outer_rows('default', array['job-77'])`,
      `select job_queue_drop('default', array['job-77'])`,
    ]) {
      for (let time = 0; time < 7; time++) expect(await cost(sql), sql).toBeLessThan(50)
    }
    await db.exec('rollback')
  })
})

describe('intake from a long backlog without statistics', () => {
  it('reads the rows that it takes in, and no others', async () => {
    const db = await account()
    await db.exec("insert into jobs (job_id, model) select 'job-' || n, 'm' from generate_series(1, 20000) n")
    await db.exec('begin')
    const fetched = () => db.value("select pg_stat_get_xact_tuples_fetched('jobs'::regclass)::int")
    for (let time = 0; time < 7; time++) {
      const before = Number(await fetched())
      await db.query("select job_queue_claim_arrivals('default', 100)")
      expect(Number(await fetched()) - before).toBeLessThanOrEqual(200)
    }
    await db.exec('rollback')
  })
})
