/** `GET metrics` of the dashboard: who may scrape, what a scrape costs, and what it says when the database is away. */
import { expect, it, vi } from 'vitest'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { figuresIn, promtool } from '../prometheus/support.ts'
import { mounted, viewer } from './support.ts'

const token = 'the-token-of-prometheus'
const bearer = { authorization: `Bearer ${token}` }

it('metrics: says what the queue says, to users who may look and to scrapers that show the token', async () => {
  const { get, coordinator } = await mounted({ metrics: { token } })
  const answer = await get('/metrics', bearer)
  expect(answer.status).toBe(200)
  const text = await answer.text()
  expect(await promtool(['check', 'metrics'], text)).toBe('fine')
  const waiting = 'interlock_queue_model_waiting_jobs{queue="default",model="m"}'
  expect(figuresIn(text).get(waiting)).toBe(1)
  await coordinator.enqueue([{ jobId: 'c', models: ['m'] }])
  await expect
    .poll(async () => figuresIn(await (await get('/metrics', bearer)).text()).get(waiting), { interval: 20 })
    .toBe(2)
  expect((await get('/metrics')).status).toBe(200)
})

it('opens nothing else with the token, and nothing without it', async () => {
  const { get } = await mounted({ metrics: { token }, authorize: () => null })
  expect((await get('/metrics')).status).toBe(401)
  expect((await get('/metrics', { authorization: 'Bearer the-token-of-nobody' })).status).toBe(401)
  expect((await get('/metrics', bearer)).status).toBe(200)
  expect((await get('/api/me', bearer)).status).toBe(401)
  const own = await mounted({ authorize: () => ({ ...viewer, jobs: ['a'] }) })
  expect((await own.get('/metrics')).status).toBe(403)
})

it('asks the database nothing per scrape', async () => {
  const store = memoryStore()
  const calls = ['open', 'read', 'rows', 'snapshot', 'workers', 'data', 'dead'] as const
  const spies = calls.map((name) => vi.spyOn(store, name))
  const asked = () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)
  const { get } = await mounted({ store, metrics: { token }, pollMs: 3_600_000 })
  const before = asked()
  const listening = vi.spyOn(store, 'listen')
  expect((await get('/metrics', bearer)).status).toBe(200)
  expect(asked()).toBeGreaterThan(before)
  // It listens once it has read on, and reads nothing after that unless something happens.
  await expect.poll(() => listening.mock.calls.length).toBe(1)
  const known = asked()
  for (let n = 0; n < 20; n++) expect((await get('/metrics', bearer)).status).toBe(200)
  expect(asked()).toBe(known)
})

it('fails the scrape while the log cannot be read, and works again by itself', async () => {
  const store = memoryStore()
  const read = vi.spyOn(store, 'read')
  const { get } = await mounted({ store, metrics: { token }, pollMs: 20 })
  expect((await get('/metrics', bearer)).status).toBe(200)
  const away = new InterlockError('store_unavailable', 'away for this test')
  read.mockRejectedValue(away)
  const status = async () => (await get('/metrics', bearer)).status
  await expect.poll(status, { interval: 20 }).toBe(503)
  read.mockReset()
  await expect.poll(status, { interval: 20 }).toBe(200)
})
