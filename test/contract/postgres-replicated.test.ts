import { describe, expect, it } from 'vitest'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { createCoordinator, silentLogger } from '../../src/coordinator/index.ts'
import { examine } from '../../src/doctor/index.ts'
import { withClient } from '../support/postgres-cluster.ts'
import { type ReplicatedPostgres, startReplicated } from '../support/replicated-postgres.ts'
import { atEnd } from '../support/this-test.ts'

async function joined(pair: ReplicatedPostgres, url = pair.url) {
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  atEnd(async () => {
    await coordinator.close()
    await store.close()
  })
  return { store, coordinator }
}

const waiting = "wait_event = 'SyncRep'"

/** Resolves when a commit waits for the standby. */
const commitWaits = (pair: ReplicatedPostgres) =>
  expect
    .poll(() =>
      withClient(pair.primary().url, async (client) => {
        return (await client.query(`select from pg_stat_activity where ${waiting}`)).rowCount
      }),
    )
    .toBeGreaterThan(0)

const queuedJobs = (url: string) =>
  withClient(url, async (client) => {
    const text = "select job_id from job_queue_log where event_type = 'queued' order by seq"
    return (await client.query<{ job_id: string }>(text)).rows.map(({ job_id: id }) => id)
  })

describe('a commit whose wait for the standby is cancelled', () => {
  it('is not acknowledged before a standby has it, though everybody can read it, and is done once', async () => {
    await using pair = await startReplicated({ synchronous: true })
    const { coordinator, store } = await joined(pair)
    await coordinator.enqueue([{ jobId: 'before', models: ['m'] }])
    await pair.other().kill()
    let isAcknowledged = false
    const enqueued = coordinator.enqueue([{ jobId: 'a', models: ['m'] }]).then(() => (isAcknowledged = true))
    await commitWaits(pair)
    // Its own commit, and those that make up for it.
    for (let times = 0; times < 3; times++) {
      await withClient(pair.primary().url, (client) =>
        client.query(`select pg_cancel_backend(pid) from pg_stat_activity where ${waiting}`),
      )
      await commitWaits(pair)
    }
    expect(await queuedJobs(pair.primary().url)).toEqual(['before', 'a'])
    expect(isAcknowledged).toBe(false)

    const primary = postgresStore(pair.primary().url)
    atEnd(() => primary.close())
    // Long enough for the doctor, who takes a short wait for nothing.
    const findings = async () =>
      (await examine({ store: primary })).findings.filter(({ check }) => check === 'standby')
    await expect.poll(findings).toMatchObject([
      { level: 'problem', what: expect.stringMatching(/wait.? for a synchronous standby, the first for/) },
      { level: 'problem', what: expect.stringContaining('no such standby is connected') },
    ])

    await pair.other().restart()
    await enqueued
    expect(await queuedJobs(pair.other().url)).toEqual(['before', 'a'])
    expect((await store.read('default', 0, 10)).events.filter(({ type }) => type === 'queued')).toHaveLength(
      2,
    )
  })
})

describe('a standby', () => {
  it('is not believed by a process that follows the log: it goes on when the primary answers', async () => {
    await using pair = await startReplicated({ synchronous: false })
    const standby = pair.other().url
    const { coordinator } = await joined(pair, pair.primary().url)
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    // A program that was given the address of the standby, as behind a name that leads to another server for a moment.
    const store = postgresStore(standby)
    atEnd(() => store.close())
    const told: string[] = []
    const logger = { ...silentLogger, warn: (line: string) => told.push(line) }
    const joining = createCoordinator({ store, logger, joinMs: 60_000 })
    await expect.poll(() => told).toContainEqual(expect.stringContaining('trying for 60 s'))
    await pair.kill()
    await pair.promote()
    const late = await joining
    atEnd(() => late.close())
    await late.enqueue([{ jobId: 'b', models: ['m'] }])
    expect(await queuedJobs(standby)).toEqual(['a', 'b'])
  })
})
