/** Jobs that are enqueued `once`, on a real server: what is swept, what was changed by hand, and two processes that meet. */
import { expect, it } from 'vitest'
import { rebuild, verify } from '../../../src/tools/history/index.ts'
import { connection, joined, migratedDatabase } from './support.ts'

const job = (jobId: string) => ({ jobId, models: ['m'], payload: { of: jobId }, once: '24h' as const })

it('puts one job in line for 50 ids that two processes submit at the same moment, and again after its end', async () => {
  const url = await migratedDatabase()
  const [one, two] = [await joined(url), await joined(url)]
  for (let round = 0; round < 50; round++) {
    const all = [one, two].map(({ coordinator }) => coordinator.enqueue([job(`job-${round}`)]))
    expect((await Promise.all(all)).map(({ queued }) => queued).toSorted()).toEqual([0, 1])
    await one.coordinator.cancel(`job-${round}`)
    const again = [one, two].map(({ coordinator }) => coordinator.enqueue([job(`job-${round}`)]))
    expect(await Promise.all(again)).toMatchObject([{ queued: 0 }, { queued: 0 }])
  }
  const db = await connection(url)
  const { rows } = await db.query(
    `select count(*)::int as events, count(distinct job_id)::int as jobs from job_queue_log where event_type = 'queued'`,
  )
  expect(rows).toEqual([{ events: 50, jobs: 50 }])
  expect(await verify({ store: one.store })).toMatchObject({ ok: true, differences: [] })
})

it('says the same of a job that SQL submits again, and refuses what cannot be a time', async () => {
  const url = await migratedDatabase()
  const { coordinator } = await joined(url)
  const db = await connection(url)
  const submit = async (id: string, more: object = {}) =>
    db.query('select job_queue_submit($1, $2, $3)', [
      JSON.stringify({ job_id: 'a', models: ['m'], payload: { of: 'a' }, once: '24h', ...more }),
      'default',
      id,
    ])
  const answered = async (id: string) => {
    const read = async () => (await db.query('select job_queue_answer($1) as answer', [id])).rows[0]?.answer
    await expect.poll(read).not.toBeNull()
    return read()
  }
  await submit('first')
  expect(await answered('first')).toMatchObject({ ok: true, queued: 1 })
  await coordinator.cancel('a')
  await submit('again')
  expect(await answered('again')).toMatchObject({ ok: true, queued: 0, known: ['a'] })
  const other = submit('other', { payload: { of: 'b' } })
  await expect(other).rejects.toMatchObject({ code: 'JQ005', constraint: 'job_exists' })
  await expect(coordinator.enqueue([{ ...job('a'), payload: { of: 'b' } }])).rejects.toMatchObject({
    code: 'job_exists',
  })
  for (const once of ['24', '0h', '366d', 'forever', 24, true])
    await expect(submit('bad', { once })).rejects.toMatchObject({ code: 'JQ003', message: /jobs\[0\]\.once/ })
  for (const once of ['365d', 'for ever', null]) await submit(`good ${once}`, { job_id: `b ${once}`, once })
})

it('says the same of a job of SQL for which another stood, also when that has ended; verify and rebuild know it', async () => {
  const url = await migratedDatabase()
  const { coordinator, store } = await joined(url)
  const db = await connection(url)
  const dedupe = { key: 'k', while: 'live' } as const
  await coordinator.enqueue([{ jobId: 'other', models: ['m'], dedupe }])
  const submitted = async (id: string) => {
    const double = { job_id: 'double', models: ['m'], once: '24h', payload: 1, dedupe }
    await db.query('select job_queue_submit($1, $2, $3)', [JSON.stringify(double), 'default', id])
    const read = async () => (await db.query('select job_queue_answer($1) as answer', [id])).rows[0]?.answer
    await expect.poll(read).not.toBeNull()
    return read()
  }
  const answer = { ok: true, queued: 0, known: [], deduplicated: [{ job_id: 'double', stands_for: 'other' }] }
  expect(await submitted('first')).toMatchObject(answer)
  await coordinator.cancel('other')
  expect(await submitted('again')).toMatchObject(answer)
  const again = { jobId: 'double', models: ['m'], once: '24h' as const, payload: 1, dedupe }
  expect((await coordinator.enqueue([again])).jobs).toEqual([{ jobId: 'double', standsFor: 'other' }])
  expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  await db.query("update interlock.job_queue_once set stands_for = null where job_id = 'double'")
  expect((await verify({ store })).differences).toMatchObject([{ field: 'stands_for', folded: 'other' }])
  await rebuild({ store })
  expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
})

it('finds what was changed by hand, and repairs it from the log (job_queue_check_once, job_queue_rebuild_once)', async () => {
  const url = await migratedDatabase()
  const { store, coordinator } = await joined(url)
  await coordinator.enqueue([...'abc'].map(job))
  await coordinator.enqueue([{ ...job('d'), once: 'for ever' }])
  const db = await connection(url)
  const rowsOf = async () =>
    (await db.query(`select * from interlock.job_queue_once where queue = 'default' order by job_id`)).rows
  const before = await rowsOf()
  await db.query(`
    delete from interlock.job_queue_once where job_id = 'a';
    update interlock.job_queue_once set until = until - interval '1 hour', body = 1 where job_id = 'b';
    insert into interlock.job_queue_once (queue, job_id, seq, body) values ('default', 'made up', 1, 1);
    update interlock.job_queue_once set until = now() where job_id = 'd'`)
  const { ok, differences } = await verify({ store })
  expect(ok).toBe(false)
  expect(differences.map(({ row, field }) => `${row} ${field}`).toSorted()).toEqual([
    'job_queue_once a *',
    'job_queue_once b body',
    'job_queue_once b until',
    'job_queue_once d until',
    'job_queue_once made up *',
  ])
  expect((await rebuild({ store })).written).toBe(4)
  expect(await rowsOf()).toEqual(before)
  expect(await verify({ store })).toMatchObject({ ok: true })
})

it('forgets ids whose time is over, no more than some at a time, and a job of another queue never', async () => {
  const url = await migratedDatabase()
  const { coordinator } = await joined(url)
  const db = await connection(url)
  await db.query(`
    insert into interlock.job_queue_once (queue, job_id, seq, until, body)
    select q, 'old-' || n, 0, now() - n * interval '1 hour', 1
      from generate_series(1, 250) n, unnest('{default,other}'::text[]) q`)
  const left = async () =>
    (await db.query('select queue, count(*)::int from interlock.job_queue_once group by 1 order by 1')).rows
  await coordinator.enqueue([{ jobId: 'plain', models: ['m'] }])
  await coordinator.enqueue([job('a')])
  expect(await left()).toEqual([
    { queue: 'default', count: 151 },
    { queue: 'other', count: 250 },
  ])
  await coordinator.enqueue([job('b')])
  await coordinator.enqueue([job('c')])
  expect(await left()).toEqual([
    { queue: 'default', count: 3 },
    { queue: 'other', count: 250 },
  ])
})
