/** Most appends change one row, which has statements of its own: they write and bring what those for many rows do. */
import { randomBytes } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import type { AppendAnswer } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { join } from '../coordinator/support.ts'
import { migratedDatabase } from './support.ts'

async function begun() {
  const store = postgresStore(await migratedDatabase())
  const answers: AppendAnswer[] = []
  const append: typeof store.append = async (request) => {
    const answer = await store.append(request)
    answers.push(answer)
    return answer
  }
  const coordinator = await join({ store: { ...store, append } })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  await coordinator.setPolicy('by-model')
  const claim = async () =>
    ((await coordinator.claim({ max: 1, kinds: null }))[0] ?? expect.unreachable()).lease
  /** What the last append that started a job has brought. */
  const brought = () => {
    const last = answers.at(-1)
    return last?.ok === true ? last.data : undefined
  }
  return { store, coordinator, claim, brought }
}

it('a row that changes alone has each column as the ledger has it', async () => {
  const { store, coordinator, claim } = await begun()
  await coordinator.enqueue([
    { jobId: 'first', models: ['m'] },
    { jobId: 'second', models: ['m'] },
    { jobId: 'apart', models: ['n'] },
  ])
  const second = async () =>
    (await store.projection('default'))?.jobs.find(({ job_id }) => job_id === 'second')
  const steps: readonly (() => Promise<unknown>)[] = [
    () => coordinator.reprioritize('apart', { before: 'second' }),
    () => coordinator.reprioritize('second', { priority: 7 }),
    () => coordinator.reprioritize('second', { before: 'first' }),
    () => coordinator.pauseModel('m', { reason: 'bad_weights' }),
    () => coordinator.resumeModel('m'),
    async () => coordinator.fail(await claim(), { retryAt: new Date(Date.now() + 60_000) }),
    async () => coordinator.detach(await claim(), { until: new Date(Date.now() + 60_000) }),
    () => coordinator.cancel('first', { force: true }),
  ]
  for (const step of steps) {
    await step()
    expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  }
  expect(await second()).toMatchObject({ state: 'waiting', priority: 7, attempt: 1, conflict_reason: null })
})

it('a job whose model is paused says so in its row', async () => {
  const { store, coordinator } = await begun()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  await coordinator.pauseModel('m', { reason: 'bad_weights' })
  const rows = (await store.projection('default'))?.jobs
  expect(rows).toMatchObject([{ job_id: 'a', conflict_reason: expect.stringContaining('paused') }])
  expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
})

it('what is small comes with the append that starts its job', async () => {
  const { coordinator, claim, brought } = await begun()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: { n: 1 } }])
  await claim()
  expect(brought()).toMatchObject([{ jobId: 'a', payload: { n: 1 } }])
})

it.each([
  ['as it is stored', { bytes: randomBytes(80_000).toString('base64') }],
  ['as text', { text: 'a'.repeat(300_000) }],
])(
  'what is large %s does not come with the append, and its handler has it all the same',
  async (_, payload) => {
    const { coordinator, claim, brought } = await begun()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload }])
    const lease = await claim()
    expect(brought()).toEqual([])
    expect((await coordinator.dataOf(lease))?.payload).toEqual(payload)
  },
)

it('a second attempt is not brought what an earlier life of its id has left', async () => {
  const { coordinator, claim, brought } = await begun()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: { n: 1 } }])
  await coordinator.complete(await claim())
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  await coordinator.release(await claim(), 'later')
  await claim()
  expect(brought()).toMatchObject([{ jobId: 'a', payload: null }])
})

it('the error of an attempt is kept beside the payload, and the next one is brought both', async () => {
  const { coordinator, claim, brought } = await begun()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: { n: 1 } }])
  await coordinator.fail(await claim(), { error: new Error('no memory left') })
  await claim()
  expect(brought()).toMatchObject([{ payload: { n: 1 }, error: { message: 'no memory left' } }])
})
