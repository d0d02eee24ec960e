import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CoordinatorOptions } from '../../../src/engine/coordinator/index.ts'
import { InterlockError, projectionOf, replay } from '../../../src/engine/core/index.ts'
import { migrate } from '../../../src/engine/migrate/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { join } from './support.ts'

const claim = { max: 1, kinds: null }
const byModel = { maxActive: null, capacity: {} } as const

let url: string
let store: LogStore
let sql: pg.Pool

beforeAll(async () => {
  url = await createDatabase('coordinator')
  sql = new pg.Pool({ connectionString: url })
  // The database is dropped while the last connections say goodbye.
  sql.on('connect', (client) => client.on('error', () => {}))
  await migrate({
    query: async (text, params) =>
      (await sql.query(text, params === undefined ? undefined : [...params])).rows,
    exec: async (text) => void (await sql.query(text)),
  })
  store = postgresStore(url)
})

afterAll(async () => {
  await store.close()
  await sql.end()
})

const joinHere = (queue: string, options: Partial<CoordinatorOptions> = {}) =>
  join({ store, queue, ...options })
const rowOf = async (jobId: string) =>
  (await sql.query('SELECT * FROM jobs WHERE job_id::text = $1', [jobId])).rows[0]

describe('a coordinator on PostgreSQL', () => {
  it("writes the blocker of each job into the user's rows, and removes it afterwards", async () => {
    const [a, b] = [crypto.randomUUID(), crypto.randomUUID()]
    await sql.query(
      "INSERT INTO jobs (job_id, status, model) VALUES ($1, 'pending', 'm'), ($2, 'pending', 'm')",
      [a, b],
    )
    const coordinator = await joinHere('rows')
    await coordinator.onJobStart(a, 'normal', ['m'])
    await coordinator.onJobStart(b, 'normal', ['m'])
    await expect
      .poll(() => rowOf(b))
      .toMatchObject({
        status: 'pending',
        required_models: ['m'],
        blocked_by_job_id: a,
        conflict_reason: expect.stringContaining(a),
      })
    expect((await rowOf(b)).queued_at).toBeInstanceOf(Date)
    await coordinator.onJobComplete(a, 'normal')
    await coordinator.onJobStart(b, 'normal', ['m'])
    await expect.poll(() => rowOf(b)).toMatchObject({ blocked_by_job_id: null, conflict_reason: null })
  })

  it('is stopped neither by a row that somebody has locked nor by a trigger that raises', async () => {
    const [locked, guarded, free] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
    for (const id of [locked, guarded, free]) {
      await sql.query("INSERT INTO jobs (job_id, status, model) VALUES ($1, 'pending', 'n')", [id])
    }
    await sql.query(`CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.job_id::text = '${guarded}' THEN RAISE EXCEPTION 'not this one'; END IF; RETURN new; END $$`)
    await sql.query('CREATE TRIGGER guard BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION guard()')
    const psql = await sql.connect()
    await psql.query('BEGIN')
    await psql.query('SELECT * FROM jobs WHERE job_id::text = $1 FOR UPDATE', [locked])

    const coordinator = await joinHere('locks')
    await coordinator.enqueue([locked, guarded, free].map((jobId) => ({ jobId, models: ['n'] })))
    const [first] = await coordinator.claim(claim)
    const [second] = await coordinator.complete(first?.lease ?? never(), { claim })
    await coordinator.complete(second?.lease ?? never())
    await expect.poll(() => rowOf(free)).toMatchObject({ required_models: ['n'], blocked_by_job_id: null })
    expect(await rowOf(locked)).toMatchObject({ required_models: null })
    const aside = await sql.query('SELECT job_id FROM job_queue_set_aside ORDER BY job_id')
    expect(aside.rows.map((row) => row.job_id)).toEqual([guarded, locked].toSorted())

    await psql.query('COMMIT')
    psql.release()
    await sql.query('DROP TRIGGER guard ON jobs')
    await expect.poll(() => rowOf(locked), { timeout: 20_000 }).toMatchObject({ required_models: ['n'] })
    await expect.poll(() => rowOf(guarded), { timeout: 20_000 }).toMatchObject({ required_models: ['n'] })
  })

  it('four processes share one queue: nothing lost, nothing doubled, few appends lost, and the log replays', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => joinHere('shared')))
    const [first = never()] = all
    await first.setPolicy(byModel)
    const jobs = Array.from({ length: 400 }, (_, i) => ({
      jobId: `j${i}`,
      models: [`m${i % 7}`, `n${i % 5}`],
    }))
    await first.enqueue(jobs)
    const ended: string[] = []
    await Promise.all(
      all.map(async (coordinator) => {
        while (coordinator.state().waitingCount + coordinator.state().activeCount > 0) {
          let mine = await coordinator.claim(claim)
          while (mine[0] !== undefined) {
            ended.push(mine[0].lease.jobId)
            mine = await coordinator.complete(mine[0].lease, { claim })
          }
        }
      }),
    )
    expect(ended.toSorted()).toEqual(jobs.map(({ jobId }) => jobId).toSorted())
    const { events } = await store.read('shared', 0, 10_000)
    const { state, jobs: rows } = (await store.projection('shared')) ?? never()
    expect({ state, jobs: rows }).toEqual(projectionOf(replay(events)))
  })

  it('wakes the process that waits when another one ends the blocker', async () => {
    const [here, there] = [
      await joinHere('wake', { pollMs: 60_000 }),
      await joinHere('wake', { pollMs: 60_000 }),
    ]
    await here.onJobStart('A', 'normal', ['m'])
    const waiting = there.onJobStart('B', 'normal', ['m'], { wait: true })
    await expect.poll(() => here.state().waitingCount).toBe(1)
    await here.onJobComplete('A', 'normal')
    expect(await waiting).toMatchObject({ allowed: true, lease: { jobId: 'B' } })
  })

  it('answers a command that was sent twice with what it did the first time', async () => {
    let lose = false
    const append: LogStore['append'] = async (request) => {
      const answer = await store.append(request)
      if (!lose) return answer
      lose = false
      throw new InterlockError('store_unavailable', 'the connection broke after the commit')
    }
    const coordinator = await join({ store: { ...store, append }, queue: 'twice' })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    lose = true
    const [a] = await coordinator.claim(claim)
    expect(a).toMatchObject({ lease: { jobId: 'A', fencingToken: 2 }, attempt: 1 })
    lose = true
    expect(await coordinator.complete(a?.lease ?? never())).toEqual([])
    expect(coordinator.state()).toMatchObject({ version: 3, activeCount: 0 })
    await coordinator.onJobStart('B', 'normal', ['m'])
    lose = true
    expect(await coordinator.onJobStart('C', 'normal', ['m'])).toMatchObject({
      ...{ allowed: false, code: 'model_in_use', blockedBy: ['B'] },
      reason: 'model m is in use or reserved by job B',
    })
    lose = true
    const { waiting } = await coordinator.enqueue([{ jobId: 'D', models: ['m'] }])
    expect(waiting).toMatchObject([{ jobId: 'D', blockedBy: 'C' }])
  })

  it('answers a request of 12,000 events whose answer was lost with the process that decided it', {
    timeout: 60_000,
  }, async () => {
    const queue = 'large'
    const jobs = Array.from({ length: 6_000 }, (_, n) => ({ job_id: `large-${n}`, models: ['m'] }))
    const stuck = Promise.withResolvers<void>()
    const unanswered = { ...store, answer: () => stuck.promise }
    const first = await join({ store: unanswered, queue })
    const { rows } = await sql.query('select job_queue_request($1, $2) as id', [
      { type: 'enqueue', jobs },
      queue,
    ])
    await expect.poll(() => first.state().waitingCount, { timeout: 30_000 }).toBe(6_000)
    const [one] = await first.claim(claim)
    await first.complete(one?.lease ?? never())
    await join({ store, queue })
    await expect
      .poll(
        async () =>
          (await sql.query('select job_queue_answer($1, $2) as answer', [rows[0].id, queue])).rows[0].answer,
        {
          timeout: 30_000,
        },
      )
      .toMatchObject({ ok: true })
    stuck.resolve()
  })
})

function never(): never {
  throw new Error('nothing was there')
}
