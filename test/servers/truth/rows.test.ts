/** What SQL says of a job from rows and events alone never contradicts what the rules say: over runs of all sorts. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type CommandBody,
  explainLive,
  type Ledger,
  type Micros,
  projectionOf,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { alsoOfSchedule } from '../../../src/engine/core/says/scheduled-job.ts'
import { firedId } from '../../../src/engine/core/values/schedule.ts'
import { columnsOf } from '../../../src/engine/events/event-codec.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { World } from '../../support/simulate.ts'
import { type Place, placeOf } from './scene.ts'

let place: Place
beforeAll(async () => {
  place = await placeOf()
})
afterAll(() => place.close())

const shape = { maxLength: 60 }
const run = fc.oneof(
  arbitraryRun({ ...shape, batches: true }),
  arbitraryRun({ ...shape, uses: true, patterns: true }),
  arbitraryRun({ ...shape, places: true, wholes: true, serves: true }),
  arbitraryRun({ ...shape, places: 'units', serves: true }),
  arbitraryRun({ ...shape, weights: true, warm: true }),
)

const timestamp = (at: Micros): string =>
  new Date(Math.floor(at / 1_000)).toISOString().replace('Z', `${String(at % 1_000).padStart(3, '0')}Z`)
const withTimes = (row: object) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      name.endsWith('_at') && value !== null ? timestamp(value) : value,
    ]),
  )

/** As if the log had been written there: its rows, and one process that is alive and has a free slot. */
async function written(queue: string, ledger: Ledger, log: readonly RecordedEvent[]): Promise<void> {
  const { state, jobs } = projectionOf(ledger)
  const lives = new Map(
    log.flatMap((event) => (event.type === 'queued' ? [[event.jobId, event.seq]] : [])) as [string, number][],
  )
  const rows = jobs.map((job) => ({ ...withTimes(job), queue, life: lives.get(job.job_id) }))
  const events = log.map((event) => ({
    ...columnsOf(event),
    event_type: event.type,
    seq: event.seq,
    created_at: timestamp(event.at),
    queue,
  }))
  const into = (table: string, all: readonly object[]) =>
    place.pool.query(
      `insert into ${table} select (jsonb_populate_record(t, r)).*
         from (select null::${table} as t) t, jsonb_array_elements($1) r`,
      [JSON.stringify(all)],
    )
  await into('interlock.job_queue_heads', [{ ...head, queue, version: state.version }])
  await into('job_queue_state', [{ ...withTimes(state), queue, id: Number(queue.slice(1)) + 10 }])
  await into('job_queue_jobs', rows)
  await into(
    'job_queue_log',
    events.map((event) => ({ schema_version: 1, ...event })),
  )
  await place.pool.query(`select job_queue_beat($1, 'alive', null, 5, '0.1.0', 3600000, 0)`, [queue])
}
const never = timestamp(0)
const head = {
  ...{ epoch: 1, last_at: never, projected_seq: 0, min_reader: 1, woken_at: never, archived_seq: 0 },
  ...{ cut_claimed_at: never, channel: 'c', woken_version: 0 },
}

let queues = 0

it(
  'of each waiting job job_queue_explain has the code and the position of explain, or says that it needs a process',
  async () => {
    const told = new Map<string, number>()
    const compare = async (steps: Parameters<World['play']>[0][]) => {
      const world = new World()
      world.now = Date.now() * 1_000 - steps.reduce((sum, { elapsed }) => sum + elapsed, 0)
      const log = steps.flatMap((step) => world.play(step).decision.events)
      const { ledger } = world
      const queue = `q${++queues}`
      await written(queue, ledger, log)
      const workers = await place.store.workers(queue)
      const codes = () =>
        new Map(
          [...ledger.jobs].map(({ jobId }) => [
            jobId,
            explainLive({ ledger, now: Date.now() * 1_000, workers }, jobId),
          ]),
        )
      const before = codes()
      const { rows } = await place.pool.query('select place from job_queue_places where queue = $1', [queue])
      const after = codes()
      for (const { place: sql } of rows) {
        const [one, other] = [before.get(sql.job_id), after.get(sql.job_id)]
        if (sql.state === 'active') continue
        told.set(`${sql.code}`, (told.get(`${sql.code}`) ?? 0) + 1)
        expect(sql.position).toBe(one?.position)
        if (sql.code !== null)
          expect([one?.code, other?.code], `${sql.job_id}: ${one?.reason}`).toContain(sql.code)
        else expect(sql.needs).toBe('process')
      }
    }
    await fc.assert(
      fc.asyncProperty(run, (steps) => compare([...steps])),
      { numRuns: runs(60), endOnFailure: true },
    )
    expect([...told.keys()].length).toBeGreaterThan(5)
  },
  PATIENCE,
)

it('of a job of a schedule that is tried again job_queue_by_schedule says what explain says: its due time, in words', async () => {
  const world = new World()
  const due = Date.UTC(2030, 0, 1, 20, 15, 30) * 1_000
  world.now = due - 1_000_000
  const log: RecordedEvent[] = []
  const run = (body: CommandBody) => {
    const { decision } = world.run({ id: `c${log.length}`, hash: 1, workerId: 'w', body })
    log.push(...decision.events)
  }
  const rest = { attempts: 1, timeoutMs: 60_000, expireMs: null, fairKey: null, priority: 0 }
  const job = { jobType: 'normal', kind: 'normal', models: ['m'], ...rest } as const
  const zones = { nightly: 'Asia/Kolkata', hourly: '-03:30', 'gone@home': 'UTC', taken: 'Europe/Berlin' }
  const schedules = Object.entries(zones).map(([id, tz]) => ({
    ...{ id, next: due },
    rule: { everyMs: 60_000, tz, upTo: 1, withinMs: null, overlap: 'allow', job } as const,
  }))
  run({ type: 'set_schedules', owner: 'o', revision: null, schedules })
  run({ type: 'enqueue', specs: [{ ...job, jobId: firedId('taken', due), runAt: null }] })
  world.now = due
  for (const { id } of schedules)
    run({ type: 'fire', schedule: id, due, times: [due], next: due + 60_000_000, payloadHash: undefined })
  const fired = [...world.ledger.jobs].filter(({ spec }) => spec.schedule !== undefined)
  expect(fired).toHaveLength(schedules.length)
  for (const { jobId } of fired) run({ type: 'cancel', jobId, force: true })
  run({ type: 'enqueue', specs: fired.map(({ spec }) => spec), again: true })
  run({ type: 'remove_schedule', schedule: 'gone@home' })
  const queue = `q${++queues}`
  await written(queue, world.ledger, log)
  const { rows } = await place.pool.query(
    'select id, interlock.job_queue_by_schedule($1, id) as said from unnest($2::text[]) as t (id)',
    [queue, fired.map(({ jobId }) => jobId)],
  )
  for (const { id, said } of rows) {
    const [also = ''] = alsoOfSchedule(world.ledger, id, { events: [] })
    expect(also).toMatch(/^due at \d\d:\d\d:30 .*, by schedule .* \(2030-01-0[12]\)$/)
    expect(said, id).toEqual({ also: [also] })
  }
})
