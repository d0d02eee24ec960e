/** What is kept of a job belongs to one life of its id, which its row says; rows of an older release say nothing. */
import { expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { join } from '../coordinator/support.ts'
import { connection, migratedDatabase } from './support.ts'

const never = () => expect.unreachable()

async function begun() {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  const coordinator = await join({ store })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  await coordinator.setPolicy('by-model')
  const client = await connection(url)
  const claim = async () => ((await coordinator.claim({ max: 1, kinds: null }))[0] ?? never()).lease
  const life = async () =>
    (await client.query<{ life: string | null }>('select life from job_queue_jobs')).rows.map(
      (row) => row.life,
    )
  const forget = () => client.query('update job_queue_jobs set life = null')
  const kept = async () => (await coordinator.data(['a']))[0]
  return { coordinator, client, claim, life, forget, kept }
}

it.each(['says it', 'says nothing'])(
  'a payload is brought and a result is kept beside it when the row %s',
  async (says) => {
    const { coordinator, claim, life, forget, kept } = await begun()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: { n: 1 } }])
    expect(await life()).toEqual(['2'])
    if (says === 'says nothing') await forget()
    const lease = await claim()
    expect((await coordinator.dataOf(lease))?.payload).toEqual({ n: 1 })
    await coordinator.note(lease, { checkpoint: { at: 1 } })
    await coordinator.complete(lease, { result: { ok: true } })
    expect(await kept()).toMatchObject({ payload: { n: 1 }, result: { ok: true }, checkpoint: { at: 1 } })
  },
)

it.each(['says it', 'says nothing'])(
  'a later life is not given what an earlier one left when the row %s',
  async (says) => {
    const { coordinator, claim, forget, kept } = await begun()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: { n: 1 } }])
    await coordinator.complete(await claim(), { result: { ok: true } })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    if (says === 'says nothing') await forget()
    expect(await kept()).toMatchObject({ payload: null, result: null })
    await coordinator.complete(await claim(), { result: { again: true } })
    expect(await kept()).toMatchObject({ payload: null, result: { again: true } })
  },
)
