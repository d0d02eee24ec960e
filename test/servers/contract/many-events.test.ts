/** Many events say once what all of them have alike, and write what they write when each of them says all of it, as older releases do. */
import { expect, it, vi } from 'vitest'
import { dataOf } from '../../../src/engine/coordinator/commit/data-staging.ts'
import { decide, emptyLedger, projectionChanges } from '../../../src/engine/core/index.ts'
import type { EventRow } from '../../../src/engine/events/event-row.ts'
import { encodeEvent, keptOf, parseJobs } from '../../../src/engine/events/index.ts'
import type { AppendRequest } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { appendBy } from '../../../src/engine/store/sql/calls.ts'
import { changesOf, shortOf } from '../../../src/engine/store/sql/changes.ts'
import type { Rpc } from '../../../src/engine/store/sql/index.ts'
import { atEnd } from '../../support/this-test.ts'
import { connect, type Database } from '../migrate/support.ts'
import { migratedDatabase } from './support.ts'

const NOW = () => Date.now() * 1_000

/** Forty jobs of one call. @param more of each job */
function enqueued(queue: string, now: number, more: (n: number) => object = () => ({})): AppendRequest {
  const inputs = Array.from({ length: 40 }, (_, n) => ({
    ...{ jobId: `job-${n}`, models: ['m'], payload: { n } },
    ...more(n),
  }))
  const jobs = parseJobs(inputs)
  const body = { type: 'enqueue', specs: jobs.map(({ spec }) => spec) } as const
  const command = { id: 'command', hash: 1, workerId: 'worker', body }
  const { events, ledger, touched } = decide(emptyLedger, [command], { now, deadWorkers: new Set() })
  const changes = {
    ...projectionChanges(emptyLedger, ledger, touched),
    ...dataOf([{ command, data: keptOf(jobs) }], events),
  }
  return { queue, expectedVersion: 0, events, changes }
}

const append = async (db: Database, queue: string, events: readonly object[], changes: object) =>
  db.value('select job_queue_append($1, 0, $2, $3)', [queue, JSON.stringify(events), JSON.stringify(changes)])

const made = (rows: readonly EventRow[]) => shortOf(rows) ?? expect.unreachable()
const short = (db: Database, request: AppendRequest) => {
  const { events, alike } = made(request.events.map(encodeEvent))
  return append(db, request.queue, events, { ...changesOf(request), alike })
}
const long = (db: Database, request: AppendRequest) =>
  append(db, request.queue, request.events.map(encodeEvent), changesOf(request))

const written = async (db: Database, queue: string) => [
  await db.query(
    `select to_jsonb(l) - '{queue,hash}'::text[] as event from job_queue_log l where queue = $1 order by seq`,
    [queue],
  ),
  await db.query(
    `select to_jsonb(j) - 'queue' as row from job_queue_jobs j where queue = $1 order by job_id`,
    [queue],
  ),
  await db.query(
    `select to_jsonb(d) - '{queue,updated_at}'::text[] as data from interlock.job_queue_data d where queue = $1 order by job_id`,
    [queue],
  ),
  await db.query(
    `select to_jsonb(o) - '{queue}'::text[] as once from interlock.job_queue_once o where queue = $1 order by job_id`,
    [queue],
  ),
]

/**
 * Writes both, decided at one time, and expects the same rows. Of a time that is over a second ago the database refuses some: both are decided
 * again, as a process does.
 * @param nth also ends the names of the queues
 */
async function expectSame(db: Database, more?: (n: number) => object, nth = ''): Promise<void> {
  const now = NOW()
  const [one, other] = [`short${nth}`, `long${nth}`]
  const answers = [await short(db, enqueued(one, now, more)), await long(db, enqueued(other, now, more))]
  if (answers.some((answer) => (answer as { reason?: string }).reason === 'clock'))
    return expectSame(db, more, `${nth}+`)
  expect(answers).toMatchObject([{ ok: true }, { ok: true }])
  const rows = await written(db, one)
  expect(rows[0]?.length).toBeGreaterThanOrEqual(40)
  expect(rows).toEqual(await written(db, other))
}

it('leave out what they have alike, their numbers and their times', () => {
  const rows = enqueued('q', 7_000_000).events.map(encodeEvent)
  const { events, alike } = made(rows.filter(({ event_type }) => event_type === 'queued'))
  expect(Object.keys(alike)).toEqual([
    ...['at', 'event_type', 'job_type', 'models', 'worker_id', 'command_id', 'command_hash'],
  ])
  for (const event of events) expect(Object.keys(event)).toEqual(['job_id', 'data'])
  expect(JSON.stringify(events).length).toBeLessThan(JSON.stringify(rows).length / 2)
})

it('say all of it when they are few, when one comes later than the one before, and what only some of them have', async () => {
  const request = enqueued('q', 7_000_000)
  const rows = request.events.map(encodeEvent)
  const sent = async (count: number) => {
    const rpc = vi.fn<Rpc>(async () => ({ ok: true, version: count, now: 1 }))
    await appendBy(rpc, { ...request, events: request.events.slice(0, count) })
    const args = rpc.mock.calls[0]?.[1] ?? {}
    return { events: args['events'], alike: (args['changes'] as { alike?: unknown }).alike }
  }
  expect(await sent(24)).toEqual({ events: rows.slice(0, 24), alike: undefined })
  expect(await sent(25)).toEqual(shortOf(rows.slice(0, 25)))
  expect(shortOf(rows.map((row, i) => (i < 30 ? row : { ...row, at: row.at + 1 })))).toBeUndefined()
  const { worker_id: _, ...anonymous } = rows[39] as EventRow
  const { events, alike } = made([...rows.slice(0, 39), anonymous])
  expect([alike.worker_id, events[0]?.worker_id, events[39]?.worker_id]).toEqual([
    undefined,
    'worker',
    undefined,
  ])
})

it.each<[string, (n: number) => object]>([
  ['alike', () => ({})],
  [
    'of several kinds and models',
    (n) => ({ kind: `k${n % 3}`, models: n % 2 ? ['m'] : ['m', 'n'], priority: n % 5 }),
  ],
  [
    'workflows, some without a payload',
    (n) => ({ jobType: 'workflow', ...(n % 2 ? {} : { payload: undefined }) }),
  ],
  ['whose ids are taken from now on', () => ({ once: '1h' })],
  ['that may start later, or come after another', (n) => (n % 2 ? { runAt: new Date(4e12) } : {})],
])('are written as one by one: jobs %s', async (_, more) => {
  await expectSame(await connect(await migratedDatabase()), more)
})

it('are written where rows of earlier lives are left', async () => {
  const db = await connect(await migratedDatabase())
  for (const queue of ['short', 'long'])
    await db.query(
      `insert into interlock.job_queue_data (queue, job_id, life, result) values ($1, 'job-3', 7, '1')`,
      [queue],
    )
  await expectSame(db)
})

it('are written with their hashes where the queue keeps a chain', async () => {
  const db = await connect(await migratedDatabase())
  for (const queue of ['short', 'long']) {
    await db.query('select job_queue_open($1)', [queue])
    await db.query('select job_queue_start_chain($1)', [queue])
  }
  await expectSame(db)
  const without = `select count(*)::integer from job_queue_log where hash is null and queue in ('short', 'long')`
  expect(await db.value(without)).toBe(0)
})

it('are refused as one by one: another version, out of bounds, out of time', async () => {
  const url = await migratedDatabase()
  const db = await connect(url)
  const now = NOW()
  const request = enqueued('q', now)
  const { events, alike } = made(request.events.map(encodeEvent))
  const changes = changesOf(request)
  const sent = (also: object, all: readonly object[] = events) =>
    append(db, 'q', all, { ...changes, alike: { ...alike, ...also } })
  expect(await sent({ at: now + 9_000_000 })).toMatchObject({ ok: false, reason: 'clock' })
  await expect(sent({ command_id: 'x'.repeat(201) })).rejects.toMatchObject({ code: 'JQ001' })
  await expect(sent({ worker_id: 'x'.repeat(201) })).rejects.toMatchObject({ code: 'JQ001' })
  await expect(
    sent({}, [...events.slice(1), { ...events[0], job_id: 'x'.repeat(201) }]),
  ).rejects.toMatchObject({
    code: 'JQ001',
  })
  await expect(sent({}, [...events.slice(1), { ...events[0], seq: 7 }])).rejects.toMatchObject({
    code: 'JQ002',
  })
  await expect(sent({}, events.slice(1))).rejects.toMatchObject({ code: 'JQ002' })
  const store = postgresStore(url)
  atEnd(() => store.close())
  await store.open('q')
  const late = { ...request, events: request.events.slice(1) }
  await expect(store.append(late)).rejects.toThrow('decide again at the current version')
  expect((await store.read('q', 0, 100)).version).toBe(0)
  expect(await sent({})).toMatchObject({ ok: true })
  // The command is known: it does nothing twice.
  const again = append(db, 'q', events, { ...changes, alike })
  expect(await again).toMatchObject({ ok: false, reason: 'version' })
})
