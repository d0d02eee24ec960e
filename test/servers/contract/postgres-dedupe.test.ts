/** Jobs that are deduplicated by a key, on a real server: what SQL says, and the payload of the last one. */
import { expect, it } from 'vitest'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { connection, joined, migratedDatabase } from './support.ts'

it('says the same of a job that SQL submits, and refuses what is no rule (job_queue_request_fault)', async () => {
  const url = await migratedDatabase()
  const { coordinator } = await joined(url)
  const db = await connection(url)
  const dedupe = { key: 'site-7', while: 'live' }
  const submit = (id: string, more: object = {}) =>
    db.query('select job_queue_submit($1, $2, $3)', [
      JSON.stringify({ job_id: id, models: ['m'], dedupe, ...more }),
      'default',
      id,
    ])
  const read = async (sql: string, id: string) =>
    (await db.query(`select ${sql} as said`, [id])).rows[0]?.said
  const answered = async (id: string) => {
    await expect.poll(() => read('job_queue_answer($1)', id)).not.toBeNull()
    return read('job_queue_answer($1)', id)
  }
  await submit('a')
  expect(await answered('a')).toEqual({ ok: true, queued: 1, known: [], waiting: [] })
  await submit('b')
  expect(await answered('b')).toEqual({
    ...{ ok: true, queued: 0, known: [], waiting: [] },
    deduplicated: [{ job_id: 'b', stands_for: 'a' }],
  })
  expect(await read('job_queue_explain($1)', 'b')).toMatchObject({
    ...{ state: 'ended', code: 'deduplicated', reason: 'job a stands for it', stands_for: 'a' },
  })
  expect(await coordinator.explain('b')).toMatchObject({ standsFor: 'a' })
  const debounce = { delay: '5s', max_delay: '1m' }
  for (const wrong of [
    'site-7',
    { key: 'k' },
    { key: '', while: 'live' },
    { key: 7, while: 'live' },
    { key: 'k', while: 'later' },
    { key: 'k', while: { within: '1x' } },
    { key: 'k', while: { within: '1h', more: 1 } },
    { key: 'k', while: { within: '1h' }, debounce },
    { key: 'k', while: 'live', debounce: { delay: '5s' } },
    { key: 'k', while: 'live', debounce: 'soon' },
    { key: 'k', while: 'live', other: 1 },
  ])
    await expect(submit('bad', { dedupe: wrong })).rejects.toMatchObject({
      code: 'JQ003',
      message: expect.stringContaining('jobs[0].dedupe: must be an object with a key'),
    })
  for (const [n, right] of [
    null,
    { key: 'k', while: { within: '365d' } },
    { key: 'l', while: 'waiting', debounce },
  ].entries()) {
    await submit(`good-${n}`, { dedupe: right })
    expect(await answered(`good-${n}`)).toMatchObject({ ok: true, queued: 1 })
  }
  const start = { type: 'start', worker_id: 'w', job: { job_id: 's', models: [], dedupe } }
  await expect(db.query('select job_queue_request($1)', [JSON.stringify(start)])).rejects.toThrow(
    'job.dedupe',
  )
})

it('puts one of 40 in line that two processes submit at the same moment', async () => {
  const url = await migratedDatabase()
  const [one, two] = [await joined(url), await joined(url)]
  for (let round = 0; round < 20; round++) {
    const dedupe = { key: `${round}`, while: 'live' } as const
    const job = (by: number) => ({ jobId: `${by}-${round}`, models: ['m'], dedupe })
    const answers = await Promise.all([one, two].map(({ coordinator }, by) => coordinator.enqueue([job(by)])))
    expect(answers.map(({ queued }) => queued).toSorted()).toEqual([0, 1])
    const [of] = answers.flatMap(({ jobs }) => jobs.flatMap(({ standsFor }) => standsFor ?? []))
    await one.coordinator.cancel(of ?? '')
  }
  expect((await auditLog({ store: one.store })).violations).toEqual([])
  expect(await verify({ store: one.store })).toMatchObject({ ok: true, differences: [] })
})

it.each([
  ['small', 10, 10],
  ['large, sent ahead', 60_000, 60_000],
  ['large after small', 10, 60_000],
  ['small after large', 60_000, 10],
])('gives the handler the last payload, as the log says: %s', async (_, before, after) => {
  const url = await migratedDatabase()
  const { store, coordinator } = await joined(url)
  const text = (length: number, of: string) => ({ of, text: 'x'.repeat(length) })
  const jobs = [text(before, 'first'), text(after, 'last')].map((payload, n) => ({
    ...{ jobId: `job-${n}`, models: ['m'], payload },
    dedupe: { key: 'k', while: 'waiting', debounce: { delay: '1h', maxDelay: '2h' } } as const,
  }))
  for (const job of jobs) await coordinator.enqueue([job])
  const db = await connection(url)
  const { rows } = await db.query(
    `select job_id, payload ->> 'of' as of, due_at > now() + interval '59 minutes' as later
       from interlock.job_queue_data join job_queue_jobs using (queue, job_id)`,
  )
  expect(rows).toEqual([{ job_id: 'job-0', of: 'last', later: true }])
  expect(await verify({ store })).toMatchObject({
    ok: true,
    differences: [],
    payloads: { same: 1, changed: 0 },
  })
  await coordinator.cancel('job-0')
  expect(await verify({ store })).toMatchObject({ ok: true, payloads: { same: 1, changed: 0 } })
})
