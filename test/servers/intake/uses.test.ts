/** What jobs use of a resource, from those who submit them to what attempts have used, over PostgreSQL. */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { fromPg } from '../../../src/engine/transaction/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { queueOnPostgres } from '../coordinator/queue-on-postgres.ts'

const { answerTo, coordinator, database, store, value } = await queueOnPostgres('uses', {
  maxActive: null,
  capacity: { gpt: 9 },
  uses: { tpm: { limit: 100, perSeconds: 3_600 } },
})

const told = (jobId: string) => coordinator.explain(jobId)
const dataOf = (type: string, jobId: string) =>
  value('select data from job_queue_log where event_type = $1 and job_id = $2', [type, jobId])

it('a worker by SQL says what it used; what it asks too much of is refused, and what is malformed at once', async () => {
  await value(`select job_queue_beat('default', 'py-1', null, 1, 'python', 60000, 5000)`)
  const job = { job_id: 'a', models: ['gpt'], uses: { tpm: 80 } }
  const { lease } = await answerTo({ type: 'start', worker_id: 'py-1', job })
  expect(lease).toMatchObject({ job_id: 'a' })
  await coordinator.enqueue([{ jobId: 'b', models: ['gpt'], uses: { tpm: 60 } }])
  expect(await told('b')).toMatchObject({ code: 'rate_limited', until: null })
  const { fencing_token: token } = lease as { fencing_token: number }
  const end = { type: 'complete', worker_id: 'py-1', job_id: 'a', token, used: { tpm: 30 } }
  expect(await answerTo(end)).toMatchObject({ ok: true })
  expect(await dataOf('completed', 'a')).toMatchObject({ used: { tpm: 30 } })
  expect(await told('b')).not.toMatchObject({ code: 'rate_limited' })
  const large = { type: 'enqueue', jobs: [{ job_id: 'c', models: ['gpt'], uses: { tpm: 101 } }] }
  expect(await answerTo(large)).toMatchObject({ ok: false, code: 'use_over_limit' })
  for (const uses of [{ tpm: 0 }, { tpm: 1.5 }, { tpm: 'x' }, { '': 1 }, 'tpm'])
    await expect(answerTo({ type: 'enqueue', jobs: [{ ...large.jobs[0], uses }] })).rejects.toThrow(/uses/)
  await expect(answerTo({ ...end, used: { tpm: -1 } })).rejects.toThrow(/used/)
})

it('what is committed is in line, and says why it waits', async () => {
  const submitted = { job_id: 'd', models: ['gpt'], uses: { tpm: 500 } }
  await value('select job_queue_enqueue_in($1)', [JSON.stringify(submitted)])
  await expect.poll(() => told('d')).toMatchObject({ code: 'use_over_limit', state: 'waiting' })
  await value('select job_queue_enqueue_in($1)', [JSON.stringify(submitted)])
  const other = { ...submitted, uses: { tpm: 501 } }
  await expect(value('select job_queue_enqueue_in($1)', [JSON.stringify(other)])).rejects.toThrow(/another/)
  await expect(
    value('select job_queue_enqueue_in($1)', [JSON.stringify({ ...other, models: [] })]),
  ).rejects.toThrow(/uses: are those of a job with models/)
  await coordinator.cancel('d')
})

it('a handler says what it used, of what its job names; an overrun is told, and the log is proven', async () => {
  const refused = Promise.withResolvers<unknown>()
  const worker = createJobWorker({
    coordinator,
    handlers: {
      normal: async ({ uses }, { used }) => {
        try {
          used({ tmp: 1 })
        } catch (error) {
          refused.resolve(error)
        }
        used({ tpm: (uses['tpm'] ?? 0) + 5 })
      },
    },
  })
  worker.start()
  expect(await refused.promise).toMatchObject({ code: 'invalid_input', details: { path: 'uses.tmp' } })
  await expect.poll(() => dataOf('completed', 'b')).toMatchObject({ used: { tpm: 65 } })
  await worker.drain()
  expect(await told('b')).toMatchObject({ also: ['it used 65 of tpm, 5 more than it had reserved'] })
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
  const again = await createCoordinator({ store: postgresStore(database), logger: silentLogger })
  await again.enqueue([{ jobId: 'e', models: ['gpt'], uses: { tpm: 10 } }])
  expect(await again.explain('e')).toMatchObject({ code: 'rate_limited' })
  await again.close()
})

it('an end in the transaction of its handler says what was used, in SQL too', async () => {
  await coordinator.setPolicy({ uses: { tpm: { limit: 100_000, perSeconds: 3_600 } } })
  const bad = Promise.withResolvers<unknown>()
  const worker = createJobWorker({
    coordinator,
    handlers: {
      normal: async ({ jobId }, { used, completeIn, fence }) => {
        const client = await database.connect()
        try {
          if (jobId === 'by-sql') {
            const statement = `select job_queue_complete_in($1, $2, null, 'default', false, $3)`
            await client.query(statement, [jobId, fence, '{"tpm": -1}']).catch(bad.resolve)
            await client.query(statement, [jobId, fence, '{"tpm": 7}'])
            return null
          }
          await used({ tpm: 3 })
          await client.query('begin')
          await completeIn(fromPg(client), null)
          await client.query('commit')
          return null
        } finally {
          client.release()
        }
      },
    },
  })
  worker.start()
  for (const jobId of ['in-transaction', 'by-sql'])
    await coordinator.enqueue([{ jobId, models: ['gpt'], uses: { tpm: 10 } }])
  await expect.poll(() => dataOf('completed', 'in-transaction')).toMatchObject({ used: { tpm: 3 } })
  await expect.poll(() => dataOf('completed', 'by-sql')).toMatchObject({ used: { tpm: 7 } })
  expect(await bad.promise).toMatchObject({
    code: 'JQ001',
    message: expect.stringContaining('used: must be an object of at most 20 resources'),
  })
  await worker.drain()
  expect(await verify({ store, queue: 'default' })).toMatchObject({ ok: true })
})
