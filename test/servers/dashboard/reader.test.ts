/** One reader for all who look: what they get, and what it costs the store. */
import { expect, it } from 'vitest'
import { budgeted } from '../../../src/apps/dashboard/reader/budget.ts'
import { LedgerReader, projectionOf, replay } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { snapshot } from '../../../src/tools/history/index.ts'
import { LiveView } from '../../../src/tools/operate/live-view.ts'
import { type Message, messagesIn, mounted } from './support.ts'

/** The same store, which counts what is asked of it. */
function counting(store: LogStore) {
  const calls = new Map<string, number>()
  const counted = new Proxy(store, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1)
        return (value as (...given: unknown[]) => unknown).apply(target, given)
      }
    },
  })
  return { store: counted, calls }
}

/** Reads until this number has come. @returns the numbers of all events, and the id of the last message */
async function upTo(seq: number, messages: AsyncGenerator<Message>) {
  const seen: number[] = []
  for (;;) {
    const { value, done } = await messages.next()
    if (done) return seen
    if (value.event !== 'log') continue
    for (const event of value.data as readonly { readonly seq: number }[]) seen.push(event.seq)
    if ((seen.at(-1) ?? 0) >= seq) return seen
  }
}

it('ten viewers cost the store what one does', async () => {
  const costOf = async (viewers: number) => {
    const inner = memoryStore()
    const { store, calls } = counting(inner)
    const { get, coordinator } = await mounted({ store: inner })
    void get
    const { createDashboard } = await import('../../../src/apps/dashboard/index.ts')
    const { clientOf, operator } = await import('./support.ts')
    const dashboard = createDashboard({ store, authorize: () => operator, pollMs: 60_000 })
    const client = clientOf(dashboard)
    const streams = await Promise.all(
      Array.from({ length: viewers }, async () => messagesIn(await client.get('/api/queues/default/events'))),
    )
    await Promise.all(streams.map((stream) => upTo(3, stream)))
    calls.clear()
    await coordinator.enqueue([{ jobId: 'c', models: ['n'] }])
    const { version } = await inner.read('default', 0, 1)
    await Promise.all(streams.map((stream) => upTo(version, stream)))
    await dashboard.close()
    return calls.get('read')
  }
  expect(await costOf(10)).toBe(await costOf(1))
})

it('a stream that reconnects with the last number gets every later event once', async () => {
  const { get, coordinator, store } = await mounted()
  const seen: number[] = []
  let last = 0
  for (let round = 0; round < 8; round++) {
    await coordinator.enqueue(
      Array.from({ length: 30 }, (_, i) => ({ jobId: `r${round}-${i}`, models: ['m'] })),
    )
    const headers: Record<string, string> = last === 0 ? {} : { 'last-event-id': String(last) }
    const messages = messagesIn(await get('/api/queues/default/events?from=0', headers))
    for await (const { event, id, data } of messages) {
      if (event !== 'log') continue
      for (const { seq } of data as readonly { readonly seq: number }[]) seen.push(seq)
      last = id ?? last
      // Cut here, wherever that is.
      break
    }
  }
  const { version } = await store.read('default', 0, 1)
  const messages = messagesIn(await get('/api/queues/default/events', { 'last-event-id': String(last) }))
  if (last < version) seen.push(...(await upTo(version, messages)))
  expect(seen).toEqual(Array.from({ length: version }, (_, i) => i + 1))
})

it('tells of the processes that there are now, not of those that the last viewer saw', async () => {
  const { get, coordinator } = await mounted()
  const asked = async () =>
    ((await (await get('/api/queues/default/workers')).json()) as { workers: unknown }).workers
  const streamed = async () => {
    for await (const { event, data } of messagesIn(await get('/api/queues/default/events')))
      if (event === 'workers') return data
  }
  const live = [{ workerId: coordinator.workerId, state: 'live' }]
  expect(await asked()).toMatchObject(live)
  expect(await streamed()).toMatchObject(live)
  await coordinator.close()
  for (const workers of [await asked(), await streamed()]) expect(workers).not.toMatchObject(live)
})

it('a stream that is not read costs no memory, and gets every event when it is read', async () => {
  const { get, coordinator, store } = await mounted()
  const response = await get('/api/queues/default/events')
  for (let i = 0; i < 10; i++)
    await coordinator.enqueue(
      Array.from({ length: 1_000 }, (_, j) => ({ jobId: `${'x'.repeat(100)}${i}-${j}`, models: ['m'] })),
    )
  const { version } = await store.read('default', 0, 1)
  expect(version).toBeGreaterThan(10_000)
  expect(await upTo(version, messagesIn(response))).toEqual(Array.from({ length: version }, (_, i) => i + 1))
})

it('a snapshot and what follows is the ledger of the whole log, at any number', async () => {
  const { get, coordinator, store } = await mounted()
  for (let i = 0; i < 3; i++)
    await coordinator.enqueue(Array.from({ length: 400 }, (_, j) => ({ jobId: `j${i}-${j}`, models: ['m'] })))
  const { events, version } = await store.read('default', 0, 10_000)
  for (const at of [null, 0, 1, 999, 1_000, 1_001, version]) {
    const response = await get(`/api/queues/default/snapshot${at === null ? '' : `?at=${at}`}`)
    const from = Number(response.headers.get('interlock-version'))
    expect(from).toBeLessThanOrEqual(at ?? version)
    expect(from).toBeGreaterThan((at ?? version) - 1_000)
    const reader = new LedgerReader(from)
    for (const line of (await response.text()).split('\n')) reader.push(JSON.parse(line))
    const finish = reader.finish()
    let step = finish.next()
    while (!step.done) step = finish.next()
    expect(projectionOf(step.value)).toEqual(projectionOf(replay(events.slice(0, from))))
  }
})

it('tells a reader of another log to begin again', async () => {
  const { get } = await mounted()
  const messages = messagesIn(await get('/api/queues/default/events?from=900'))
  const said: string[] = []
  for await (const { event } of messages) said.push(event)
  expect(said).toContain('reset')
})

it('asks the store at most maxCalls times at once, and gives up after timeLimitMs', async () => {
  let [running, most] = [0, 0]
  const free = Promise.withResolvers<void>()
  const slow = {
    read: async () => {
      most = Math.max(most, ++running)
      await free.promise
      running--
    },
  } as unknown as LogStore
  const store = budgeted(slow, { maxCalls: 2, timeLimitMs: 50 })
  const asked = Array.from({ length: 20 }, () => store.read('q', 0, 1))
  const ends = await Promise.allSettled(asked)
  expect(ends.every(({ status }) => status === 'rejected')).toBe(true)
  expect(ends[19]).toMatchObject({ reason: { code: 'store_unavailable' } })
  expect(most).toBe(2)
  free.resolve()
})

it('goes on where all that it knows was archived and not kept', async () => {
  const store = memoryStore()
  const { coordinator } = await mounted({ store })
  const told: string[] = []
  const view = new LiveView({ store })
  view.news$.subscribe((news) => told.push(news))
  const { version: known } = await view.look()
  await snapshot({ store })
  await store.archive('default', known, false)
  await coordinator.enqueue([{ jobId: 'later', models: ['n'] }])
  expect((await view.look()).version).toBe((await store.read('default', known, 1)).version)
  expect(told).toEqual(['events', 'events'])
})
