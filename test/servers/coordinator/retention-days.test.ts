import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { Retention } from '../../../src/engine/coordinator/maintenance/retention.ts'
import { type ArchiveRule, defaultPolicy, emptyLedger, replay } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { migratedDatabase } from '../contract/support.ts'

/** A queue on PostgreSQL that has no snapshot, as a small one under the default of one every 50,000 events. */
async function smallQueue() {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger, pollMs: 60_000 })
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  onTestFinished(async () => {
    await owner.end()
    await coordinator.close()
    await store.close()
  })
  await coordinator.setPolicy('by-model')
  return { store, coordinator, owner }
}

type Queue = Awaited<ReturnType<typeof smallQueue>>

/** Jobs that ran, and one that waits on. Returns the number of the last event. */
async function jobsOf({ coordinator, store }: Queue, name: string): Promise<number> {
  const jobs = ['one', 'two', 'stays'].map((word) => ({
    jobId: `${name}-${word}`,
    models: [name],
    payload: { word },
  }))
  await coordinator.enqueue(jobs)
  for (let ended = 0; ended < 2; ended++) {
    const [job] = await coordinator.claim({ max: 1, kinds: null })
    if (job !== undefined) await coordinator.complete(job.lease)
  }
  const { version } = coordinator.state()
  await expect.poll(async () => (await store.project('default', 10_000)).projectedSeq).toBe(version)
  return version
}

/** Jobs of that many days and a half ago, and then those of today. Returns the number of the last old event. */
async function daysOf(queue: Queue, days: number): Promise<number> {
  const old = await jobsOf(queue, 'old')
  await jobsOf(queue, 'young')
  await age(queue, old, days + 0.5)
  return old
}

async function age({ owner }: Queue, through: number, days: number): Promise<void> {
  await owner.query('alter table job_queue_log disable trigger user')
  const { rowCount } = await owner.query(
    `update job_queue_log set created_at = created_at - $2 * interval '1 day' where seq <= $1`,
    [through, days],
  )
  expect(rowCount).toBe(through)
  await owner.query('alter table job_queue_log enable trigger user')
}

function retentionOf(
  store: LogStore,
  coordinator: Pick<Coordinator, 'now'>,
  retentionDays: number,
  archive: ArchiveRule = 'keep',
): Retention {
  return new Retention({
    store,
    queue: 'default',
    now: () => coordinator.now(),
    ledger: () => ({ ...emptyLedger, policy: { ...defaultPolicy, retentionDays, archive } }),
    failures: {
      note: (error) => {
        throw error
      },
    },
  })
}

const cutOf = async (store: LogStore) => (await store.read('default', 0, 1)).archivedSeq

describe('retention of a queue that never had a snapshot', () => {
  it.each([1, 30, 31, 33, 60, 90, 365])(
    'takes out what is older than %i days, and nothing else',
    async (days) => {
      const queue = await smallQueue()
      const { store, coordinator } = queue
      const old = await daysOf(queue, days)
      const retention = retentionOf(store, coordinator, days)
      expect(await retention.carryOut()).toBe(old)
      expect(await retention.carryOut()).toBe(0)
      expect(await cutOf(store)).toBe(old)
      const { events } = await store.read('default', 0, 1_000)
      expect(events.at(-1)?.seq).toBe(old)
      expect(coordinator.state()).toMatchObject({ waitingCount: 2 })
    },
  )

  it('leaves a queue that a new process opens at the cut, where events are dropped', async () => {
    const queue = await smallQueue()
    const { store, coordinator, owner } = queue
    const old = await daysOf(queue, 45)
    const whole = (await store.read('default', 0, 1_000)).events
    expect(await retentionOf(store, coordinator, 45, 'drop').carryOut()).toBe(old)
    const left = await owner.query('select job_id from interlock.job_queue_data order by job_id')
    expect(left.rows.map(({ job_id: id }) => id)).toEqual([
      'old-stays',
      'young-one',
      'young-stays',
      'young-two',
    ])
    const later = await createCoordinator({ store, logger: silentLogger })
    const folded = replay(whole)
    expect(later.state()).toMatchObject({ waitingCount: folded.jobs.size })
    await later.close()
  })

  it('is carried out by one process of many, and by none where nothing is older', async () => {
    const queue = await smallQueue()
    const { store, coordinator } = queue
    const made: number[] = []
    const noting: LogStore = {
      ...store,
      putSnapshot: (name, snapshot) => {
        made.push(snapshot.seq)
        return store.putSnapshot(name, snapshot)
      },
    }
    const all = (days: number) =>
      Promise.all([1, 2, 3, 4].map(() => retentionOf(noting, coordinator, days).carryOut()))
    const old = await daysOf(queue, 10)
    expect(await all(11)).toEqual([0, 0, 0, 0])
    expect(made).toEqual([])
    const done = await all(9)
    expect(done.toSorted()).toEqual([0, 0, 0, old])
    expect(made).toEqual([old])
  })

  it('ends in the middle when the process leaves the queue, and another one takes it up an hour later', async () => {
    const queue = await smallQueue()
    const { store, coordinator, owner } = queue
    const old = await daysOf(queue, 10)
    let retention: Retention | undefined
    const leaving: LogStore = {
      ...store,
      read: async (name, after, limit) => {
        const page = await store.read(name, after, limit)
        if (limit > 1) void retention?.stop()
        return page
      },
    }
    retention = retentionOf(leaving, coordinator, 9)
    await expect(retention.carryOut()).rejects.toMatchObject({ name: 'AbortError' })
    expect(await cutOf(store)).toBe(0)
    expect(await retentionOf(store, coordinator, 9).carryOut()).toBe(0)
    await owner.query(
      `update interlock.job_queue_heads set cut_claimed_at = cut_claimed_at - interval '56 minutes'`,
    )
    expect(await retentionOf(store, coordinator, 9).carryOut()).toBe(old)
  })

  it('cuts no further than your tables follow', async () => {
    const queue = await smallQueue()
    const { store, coordinator, owner } = queue
    const first = await jobsOf(queue, 'first')
    // The server's: that of the process may be off.
    const { now } = await store.read('default', 0, 1)
    await age(queue, await jobsOf(queue, 'second'), 10)
    // Nobody is left who would follow.
    await coordinator.close()
    await owner.query('update interlock.job_queue_heads set projected_seq = $1', [first])
    expect(await retentionOf(store, { now: () => now }, 9).carryOut()).toBe(first)
  })

  it('trusts no snapshot that cannot be read to be what is left of the log', async () => {
    const queue = await smallQueue()
    const { store, coordinator, owner } = queue
    const old = await daysOf(queue, 10)
    await store.putSnapshot('default', { seq: old, state: { shape: 2 } })
    await expect(retentionOf(store, coordinator, 9, 'drop').carryOut()).rejects.toMatchObject({
      code: 'corrupt_log',
    })
    expect(await cutOf(store)).toBe(0)
    await owner.query('delete from interlock.job_queue_snapshots')
    await owner.query(`update interlock.job_queue_heads set cut_claimed_at = to_timestamp(0)`)
    expect(await retentionOf(store, coordinator, 9, 'drop').carryOut()).toBe(old)
  })
})
