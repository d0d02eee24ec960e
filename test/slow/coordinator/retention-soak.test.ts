// Slow: sizes of tables over many rounds.
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { Retention } from '../../../src/engine/coordinator/maintenance/retention.ts'
import { type ArchiveRule, defaultPolicy, emptyLedger } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { migratedDatabase } from '../../servers/contract/support.ts'

const DAY = 86_400 * 1_000_000
const ROUNDS = 8
const JOBS = 1_000
const HOUR = 3_600 * 1_000_000

/** Goes through rounds of jobs with payloads and results; after each, what is older than a moment leaves the log. */
async function soak(archive: ArchiveRule) {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(async () => {
    await client.end()
    await coordinator.close()
    await store.close()
  })
  await vacuumByHand(client)
  await coordinator.setPolicy({ maxActive: null, capacity: { '*': JOBS }, archive })
  const sizes: number[] = []
  const { version: first } = coordinator.state()
  for (let round = 0; round < ROUNDS; round++) {
    await work(coordinator, round)
    await retain(coordinator, store, archive)
    sizes.push(await sizeOf(client))
  }
  return { url, store, coordinator, client, sizes, events: coordinator.state().version - first }
}

async function work(coordinator: Coordinator, round: number): Promise<void> {
  const jobs = Array.from({ length: JOBS }, (_, n) => ({
    jobId: `job-${round}-${n}`,
    models: [`model-${n % 20}`],
    payload: { text: 'x'.repeat(200), n },
  }))
  for (let at = 0; at < JOBS; at += 250) await coordinator.enqueue(jobs.slice(at, at + 250))
  for (let ended = 0; ended < JOBS; ) {
    const started = await coordinator.claim({ max: 250, kinds: null })
    await Promise.all(started.map(({ lease }) => coordinator.complete(lease, { result: { round } })))
    ended += started.length
  }
}

/** As any process does once an hour, a day and two hours later. No snapshot is made but by what carries out retention. */
async function retain(coordinator: Coordinator, store: LogStore, archive: ArchiveRule): Promise<void> {
  const { version } = coordinator.state()
  // Nothing is taken out that the user's tables do not follow yet.
  await expect.poll(async () => (await store.project('default', 10_000)).projectedSeq).toBe(version)
  const errors: unknown[] = []
  const retention = new Retention({
    store,
    queue: 'default',
    ledger: () => ({ ...emptyLedger, policy: { ...defaultPolicy, retentionDays: 1, archive } }),
    now: () => coordinator.now() + DAY + 2 * HOUR,
    failures: { note: (error) => errors.push(error) },
  })
  const { archivedSeq } = await store.read('default', 0, 1)
  expect(await retention.carryOut()).toBe(version - archivedSeq)
  expect(errors).toEqual([])
}

/** While the server analyzes a table by itself, a vacuum of another leaves what was deleted since: a round more. */
async function vacuumByHand(client: pg.Client): Promise<void> {
  await client.query(`do $$ declare name text; begin
    for name in select oid::regclass::text from pg_class where relkind = 'r' and relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and relname like 'job\\_queue\\_%' loop
      execute format('alter table %s set (autovacuum_enabled = off)', name);
    end loop;
  end $$`)
}

/** Everything of Interlock's, indexes and TOAST included, after the vacuum that a server does by itself within a minute. */
async function sizeOf(client: pg.Client): Promise<number> {
  await client.query('vacuum')
  const { rows } = await client.query(`select sum(pg_total_relation_size(c.oid))::float8 as bytes
    from pg_class c where c.relkind = 'r' and c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relname like 'job\\_queue\\_%'`)
  return rows[0].bytes
}

describe('retention over many rounds of jobs', () => {
  it('keeps the database at its size where events are dropped', async () => {
    const { sizes, coordinator, events } = await soak('drop')
    expect(events).toBe(ROUNDS * JOBS * 3)
    const [, , early = 0] = sizes
    expect(Math.max(...sizes.slice(3))).toBeLessThan(early * 1.15)
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 0 })
  })

  it('loses nothing unless it is asked to', async () => {
    const { sizes, client, events } = await soak('keep')
    const { rows } = await client.query(
      'select count(*)::int as n from (select from job_queue_log union all select from interlock.job_queue_log_archive) l',
    )
    expect(rows[0].n).toBeGreaterThanOrEqual(events)
    expect(sizes.at(-1) ?? 0).toBeGreaterThan(1.5 * (sizes[2] ?? 0))
  })
})
