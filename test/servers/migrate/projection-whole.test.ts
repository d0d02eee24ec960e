/** The user's rows against the live rows, after every step of a real coordinator: at its checkpoint they are the same. */
import fc from 'fast-check'
import pg from 'pg'
import { expect, it } from 'vitest'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import type { Lease } from '../../../src/engine/core/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { project } from './projection-support.ts'
import { type Database, freshDatabase } from './support.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const jobs = 24
const models = ['a', 'b', 'c', 'd']

/** Lends a coordinator, and ends all that came with it: a shrinking property makes hundreds. */
async function withCoordinator(db: Database, use: (coordinator: Coordinator) => Promise<void>) {
  const pool = new pg.Pool({ connectionString: db.url, max: 4 })
  pool.on('error', () => {})
  const store = postgresStore(pool)
  const coordinator = await createCoordinator({ store, logger: silent })
  try {
    await use(coordinator)
  } finally {
    await coordinator.close()
    await store.close()
    await pool.end()
    await db.end()
  }
}

/** Rows of the user that do not say what the live rows and the log say. */
const differences = (db: Database) =>
  db.query(`select t.job_id, t.required_models, t.blocked_by_job_id, t.conflict_reason, t.priority,
      j.models, j.blocked_by_job_id as live_blocked_by, j.conflict_reason as live_reason, j.priority as live_priority
    from jobs t left join job_queue_jobs j on j.queue = 'default' and j.job_id = t.job_id
    where exists (select from job_queue_log l where l.job_id = t.job_id)
      and ((t.blocked_by_job_id, t.conflict_reason) is distinct from (j.blocked_by_job_id, j.conflict_reason)
        or j.job_id is not null and
          (t.required_models, t.queued_at, t.priority) is distinct from (j.models, j.queued_at, j.priority)
        or t.required_models is null or t.queued_at is null or t.priority is null)`)

/** The coordinator projects too, by itself; whichever is first, the tables follow in the end. */
async function followed(db: Database): Promise<void> {
  await expect
    .poll(
      async () => {
        const answer = await project(db)
        return !answer.busy && answer.projected_seq === answer.version
      },
      { interval: 1 },
    )
    .toBe(true)
}

const step = fc.oneof(
  fc.record({
    do: fc.constant('enqueue' as const),
    set: fc.subarray(models, { minLength: 1, maxLength: 3 }),
    priority: fc.integer({ min: -2, max: 2 }),
  }),
  fc.record({ do: fc.constant('claim' as const), max: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('complete' as const), which: fc.nat(9) }),
  fc.record({ do: fc.constant('release' as const), which: fc.nat(9) }),
  fc.record({ do: fc.constant('cancel' as const), which: fc.nat(jobs) }),
  fc.record({
    do: fc.constant('move' as const),
    which: fc.nat(jobs),
    priority: fc.integer({ min: -3, max: 3 }),
  }),
  fc.record({
    do: fc.constant('policy' as const),
    maxActive: fc.constantFrom(1, 2, null),
    capacity: fc.constantFrom(1, 2),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Refusals are as good as anything else here: what counts is what the rows say afterwards. */
async function perform(coordinator: Coordinator, held: Lease[], queued: string[], what: Step): Promise<void> {
  const take = (which: number) => held.splice(which % Math.max(held.length, 1), 1)[0]
  const keep = (started: readonly { readonly lease: Lease }[]) =>
    held.push(...started.map((each) => each.lease))
  const known = (which: number) => queued[which % Math.max(queued.length, 1)] ?? 'none'
  if (what.do === 'enqueue') {
    if (queued.length === jobs) return
    const jobId = `job-${queued.length}`
    queued.push(jobId)
    await coordinator.enqueue([{ jobId, models: what.set, priority: what.priority }])
  } else if (what.do === 'claim') keep(await coordinator.claim({ max: what.max, kinds: null }))
  else if (what.do === 'cancel') await coordinator.cancel(known(what.which), { force: true })
  else if (what.do === 'move') await coordinator.reprioritize(known(what.which), { priority: what.priority })
  else if (what.do === 'policy') {
    await coordinator.setPolicy({ maxActive: what.maxActive, capacity: { '*': what.capacity } })
  } else {
    const lease = take(what.which)
    if (lease === undefined) return
    if (what.do === 'complete') keep(await coordinator.complete(lease, { claim: { max: 1, kinds: null } }))
    else await coordinator.release(lease, 'later')
  }
}

it('every row says what its job is doing, whatever happened', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const db = await freshDatabase('migrated')
      await db.query("insert into jobs (job_id) select 'job-' || n from generate_series(0, $1::int) n", [
        jobs,
      ])
      await withCoordinator(db, async (coordinator) => {
        const held: Lease[] = []
        const queued: string[] = []
        for (const what of steps) {
          await perform(coordinator, held, queued, what).catch(() => {})
          await followed(db)
          expect(await differences(db)).toEqual([])
        }
      })
    }),
    { numRuns: 8 },
  )
})
