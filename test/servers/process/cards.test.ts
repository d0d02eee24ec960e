import { expect, it } from 'vitest'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { allEnded, judge, scene, startWorker, steady } from './support.ts'

const hosts = ['h1', 'h2', 'h3']
const cards = hosts.flatMap((host) => [`${host}:0`, `${host}:1`])

type Start = RecordedEvent & { readonly type: 'started' }
const isStart = (event: RecordedEvent): event is Start => event.type === 'started'

it('six processes on six cards: each handler is told the card that the log says, one of its own host, and a batch is one call', async () => {
  const { url, client, coordinator, store } = await scene()
  await coordinator.setPolicy({
    maxActive: null,
    capacity: { flux: cards, sdxl: cards },
    warm: { maxPassed: 8, maxPassedSeconds: 60 },
  })
  await coordinator.enqueue(
    Array.from({ length: 240 }, (_, n) => ({
      jobId: `j${n}`,
      models: [n % 3 === 0 ? 'sdxl' : 'flux'],
      payload: { ms: 5 },
    })),
  )
  // Two for each host: they combine their commands, so that one of them is told by the other what it started.
  const orders = [...hosts, ...hosts].map((host) => ({
    ...steady,
    serves: [`${host}:*`],
    keeps: 1,
    batch: 4,
  }))
  await Promise.all(orders.map((order) => startWorker(url, order)))
  await allEnded(coordinator, 90_000)

  const { events, violations, verified } = await judge(store)
  expect({ violations, verified }).toEqual({ violations: [], verified: true })
  const started = events.filter(isStart)
  expect(started).toHaveLength(240)
  const { rows } = await client.query<{ token: number; places: unknown; call: string }>(
    'select token::int, places, call from runs',
  )
  const told = new Map(rows.map(({ token, ...run }) => [token, run]))
  expect(started.map(({ seq }) => told.get(seq)?.places)).toEqual(started.map(({ places }) => places))

  const batches = Map.groupBy(started, ({ seq, batch }) => batch ?? seq)
  const calls = [...batches.values()].map(
    (those) => new Set(those.map(({ seq }) => told.get(seq)?.call)).size,
  )
  expect(new Set(calls)).toEqual(new Set([1]))
  expect(batches.size).toBeLessThan(started.length)
})
