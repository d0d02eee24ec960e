// Slow: kills a worker in the middle of a batch, and waits for its leases.
import type pg from 'pg'
import { expect, it } from 'vitest'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { allEnded, attemptsOf, judge, scene, startWorker } from '../../servers/process/support.ts'
import { eventually } from '../../support/this-test.ts'

interface Run {
  readonly token: number
  readonly models: readonly string[]
  readonly began: number
  readonly ended: number
}

/** Handlers that ran; one that was killed ends when it began. */
async function runsOf(client: pg.Client): Promise<readonly Run[]> {
  const { rows } =
    await client.query(`select token::int, models, extract(epoch from began_at)::float8 as began,
    extract(epoch from coalesce(ended_at, began_at))::float8 as ended from runs`)
  return rows
}

/** Pairs of one model that ran at the same time, and were not of one batch. */
function overlapsOf(
  runs: readonly Run[],
  events: readonly RecordedEvent[],
): readonly (readonly [Run, Run])[] {
  const batchOf = ({ token }: Run) => {
    const started = events[token - 1]
    return started?.type === 'started' ? (started.batch ?? token) : token
  }
  return runs.flatMap((a, i) =>
    runs
      .slice(i + 1)
      .filter((b) => a.models.some((model) => b.models.includes(model)) && batchOf(a) !== batchOf(b))
      .filter((b) => a.began < b.ended && b.began < a.ended)
      .map((b) => [a, b] as const),
  )
}

it('a worker that is killed in the middle of a batch: one batch at a time holds the set, and each of its jobs ends once', async () => {
  const { url, client, coordinator, store } = await scene()
  await client.query('create table told (job_id text primary key)')
  await coordinator.setPolicy({ maxActive: null })
  const workers = [await startWorker(url, { batch: 4 }), await startWorker(url, { batch: 4 })]
  const held = ['a0', 'a1', 'a2', 'a3']
  await coordinator.enqueue([
    ...held.map((jobId) => ({ jobId, models: ['a'], attempts: 20, payload: { act: 'until_told' } })),
    ...Array.from({ length: 12 }, (_, n) => {
      return { jobId: `b${n}`, models: ['b'], attempts: 20, payload: { ms: 30 } }
    }),
  ])
  const holders = async () =>
    (await client.query(`select pid, count(*)::int as jobs from runs where models = '{a}' group by pid`)).rows
  await eventually(holders, { timeout: 30_000 }).toEqual([{ pid: expect.any(Number), jobs: 4 }])
  const [{ pid }] = await holders()
  workers.find(({ child }) => child.pid === pid)?.child.kill('SIGKILL')
  await client.query('insert into told select unnest($1::text[])', [held])
  await allEnded(coordinator)
  const { events, violations, verified } = await judge(store)
  expect({ violations, verified }).toEqual({ violations: [], verified: true })
  const { open, ends } = attemptsOf(events)
  expect({ open, completed: ends['completed'] }).toEqual({ open: [], completed: 16 })
  expect(ends['lease_expired']).toBeGreaterThanOrEqual(4)
  const runs = await runsOf(client)
  expect(runs.length).toBeGreaterThanOrEqual(20)
  expect(overlapsOf(runs, events)).toEqual([])
})
