/** What a job that enters the line adds to its event says as much as its whole row and its data, which older releases send. */
import { expect, it } from 'vitest'
import { dataOf } from '../../../src/engine/coordinator/commit/data-staging.ts'
import { decide, emptyLedger, projectionChanges } from '../../../src/engine/core/index.ts'
import { encodeEvent, keptOf, parseJobs } from '../../../src/engine/events/index.ts'
import type { AppendRequest } from '../../../src/engine/store/index.ts'
import { changesOf, itemsOf, lifeOf, present } from '../../../src/engine/store/sql/changes.ts'

import { connect, type Database } from '../migrate/support.ts'
import { migratedDatabase } from './support.ts'

const traceparent = `00-${'0af7'.repeat(8)}-b7ad6b7169203331-01`
const jobs = parseJobs([
  { jobId: 'plain', models: [], payload: { n: 1 } },
  { jobId: 'nothing kept', models: ['a'] },
  { jobId: 'blocked', models: ['a', 'b'], payload: [1] },
  { jobId: 'null', models: [], payload: null },
  { jobId: 'traced', models: [], traceparent, tracestate: 'vendor=1' },
  { jobId: 'traced too', models: [], payload: [2], traceparent },
  {
    ...{ jobId: 'all', jobType: 'workflow', kind: 'gpu', models: ['c'], priority: 5, attempts: 7 },
    ...{ timeoutMs: 1_000, expireMs: 60_000, runAt: new Date(Date.now() + 60_000), payload: 'text' },
  },
])

function enqueued(queue: string, now: number): AppendRequest {
  const body = { type: 'enqueue', specs: jobs.map(({ spec }) => spec) } as const
  const command = { id: 'command', hash: 1, workerId: 'worker', body }
  const data = keptOf(jobs)
  const { events, ledger, touched } = decide(emptyLedger, [command], { now, deadWorkers: new Set() })
  const changes = {
    ...projectionChanges(emptyLedger, ledger, touched),
    ...dataOf([{ command, data }], events),
  }
  return { queue, expectedVersion: 0, events, changes }
}

/** As the releases before this one said it. */
function wholeOf({ events, changes: { state, jobs: rows, gone, data = [] } }: AppendRequest) {
  const lives = new Map(
    events.flatMap((event) => (event.type === 'queued' ? [[event.jobId, lifeOf(event)]] : [])),
  )
  const whole = rows.map((row) => ({ ...present(row), life: lives.get(row.job_id) }))
  return { state: present(state), jobs: whole, changed: [], gone, data: itemsOf(data) }
}

async function append(db: Database, { queue, events }: AppendRequest, changes: object): Promise<unknown> {
  const values = [queue, JSON.stringify(events.map(encodeEvent)), JSON.stringify(changes)]
  return db.value("select job_queue_append($1, 0, $2, $3) ->> 'ok'", values)
}

const written = async (db: Database, queue: string) => [
  await db.query(
    `select to_jsonb(j) - 'queue' as row from job_queue_jobs j where queue = $1 order by job_id`,
    [queue],
  ),
  await db.query(
    `select to_jsonb(d) - 'queue' - 'updated_at' as row from interlock.job_queue_data d where queue = $1 order by job_id`,
    [queue],
  ),
]

it('is written as whole rows and data are', async () => {
  const db = await connect(await migratedDatabase())
  // Of now, once the database is there: an append is refused a second later.
  const now = Date.now() * 1_000
  const [short, long] = [enqueued('short', now), enqueued('long', now)]
  const changes = changesOf(short)
  expect(changes).toMatchObject({ jobs: [{ job_id: 'null' }], data: [{ job_id: 'null' }] })
  expect(changes.entered).toHaveLength(short.events.findLastIndex(({ type }) => type === 'queued') + 1)
  expect(await append(db, short, changes)).toBe('true')
  expect(await append(db, long, wholeOf(long))).toBe('true')
  expect(await written(db, 'short')).toEqual(await written(db, 'long'))
})

it('takes the place of what is there', async () => {
  const db = await connect(await migratedDatabase())
  const kept = `insert into interlock.job_queue_data (queue, job_id, life, result) values ($1, 'plain', -7, '1'), ($1, 'nothing kept', 7, '1')`
  const row = `insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie,
      queued_at, due_at, attempt, attempts, timeout_ms, worker_id)
    values ($1, 'blocked', 'active', 'normal', 'normal', '{}', 1, 1, 1, 1, now(), now(), 1, 1, 1, 'worker')`
  for (const queue of ['short', 'long']) for (const sql of [kept, row]) await db.query(sql, [queue])
  // Of now, once the database is there: an append is refused a second later.
  const now = Date.now() * 1_000
  const [short, long] = [enqueued('short', now), enqueued('long', now)]
  expect(await append(db, short, changesOf(short))).toBe('true')
  expect(await append(db, long, wholeOf(long))).toBe('true')
  expect(await written(db, 'short')).toEqual(await written(db, 'long'))
})
