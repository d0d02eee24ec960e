// Slow, waits 33 s: ends sessions and servers whose commits wait for a standby, and promotes that.
/** A commit that is on one server alone is told of to nobody, whichever way it came to be known. */
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { examine } from '../../../src/tools/doctor/index.ts'
import { joined } from '../../servers/contract/support.ts'
import { withClient } from '../../support/postgres-cluster.ts'
import {
  isSo,
  type ReplicatedPostgres,
  replicated,
  someCommitWaits,
} from '../../support/replicated-postgres.ts'
import { atEnd } from '../../support/this-test.ts'

/** Tries for longer than any test takes. */
const joinedAs = async ({ url }: ReplicatedPostgres, name: string): Promise<Coordinator> =>
  (await joined(url, { name, patienceMs: 600_000 })).coordinator

const waiting = "wait_event_type = 'IPC' and wait_event = 'SyncRep'"

/** Resolves when a commit waits for the standby. The server may be starting again. */
const commitWaits = ({ primary }: ReplicatedPostgres) =>
  expect
    .poll(() => withClient(primary().url, (client) => isSo(client, someCommitWaits)).catch(() => false), {
      timeout: 60_000,
    })
    .toBe(true)

const toWaiting = (pair: ReplicatedPostgres, what: string) =>
  withClient(pair.primary().url, (client: pg.Client) =>
    client.query<{ pid: number }>(`select ${what} from pg_stat_activity where ${waiting}`),
  )

/** What may happen to a session whose commit waits. */
const ends = {
  cancelled: (pair: ReplicatedPostgres) => toWaiting(pair, 'pg_cancel_backend(pid)'),
  terminated: (pair: ReplicatedPostgres) => toWaiting(pair, 'pg_terminate_backend(pid)'),
  // The whole server then starts again, and shows what it has on its disk.
  killed: async (pair: ReplicatedPostgres) => {
    const pids = (await toWaiting(pair, 'pid')).rows.map(({ pid }) => pid)
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // The end of the first one has ended it.
      }
    }
    const areGone = 'select not exists(select from pg_stat_activity where pid = any ($1)) as ok'
    await expect
      .poll(
        () =>
          withClient(pair.primary().url, async (client) => (await client.query(areGone, [pids])).rows).catch(
            () => [],
          ),
        { timeout: 60_000 },
      )
      .toEqual([{ ok: true }])
  },
}

const jobsOf = (url: string, type: string) =>
  withClient(url, async (client) => {
    const text = 'select job_id from job_queue_log where event_type = $1 order by seq'
    return (await client.query<{ job_id: string }>(text, [type])).rows.map(({ job_id: id }) => id)
  })

/** One after the other, jobs are put in line, started and completed; keeps what was acknowledged. */
class Load {
  readonly queued: string[] = []
  readonly completed: string[] = []
  #isOver = false

  constructor(coordinator: Coordinator, name: string) {
    for (let line = 0; line < 3; line++) void this.#run(coordinator, `${name}-${line}`)
  }

  stop(): void {
    this.#isOver = true
  }

  async #run(coordinator: Coordinator, name: string): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      const jobId = `${name}-${n}`
      try {
        await coordinator.enqueue([{ jobId, models: [jobId] }])
        this.queued.push(jobId)
        const started = await coordinator.claim({ max: 1, kinds: null })
        for (const { lease } of started) {
          await coordinator.complete(lease)
          this.completed.push(lease.jobId)
        }
      } catch {
        // After the promotion a process may find that it has seen more than the new primary has.
        return
      }
    }
  }
}

describe.each([1, 3])('with %i processes, sessions whose commit waits for the standby', (processes) => {
  it.each(['terminated', 'cancelled', 'killed'] as const)(
    'are %s, and after the promotion nothing that was acknowledged is gone',
    { timeout: 180_000 },
    async (end) => {
      const pair = await replicated({ synchronous: true })
      const names = Array.from({ length: processes }, (_, i) => `p${i}`)
      const coordinators = await Promise.all(names.map((name) => joinedAs(pair, name)))
      await coordinators[0]?.setPolicy('by-model')
      const loads = coordinators.map((coordinator, i) => new Load(coordinator, `p${i}`))
      atEnd(() => {
        for (const load of loads) load.stop()
      })
      const queued = () => loads.flatMap((load) => load.queued)
      const completed = () => loads.flatMap((load) => load.completed)
      await expect
        .poll(() => loads.every((load) => load.completed.length > 10), { timeout: 60_000 })
        .toBe(true)
      await pair.cutOff()
      for (let times = 0; times < (end === 'killed' ? 3 : 8); times++) {
        await commitWaits(pair)
        await ends[end](pair)
      }
      await commitWaits(pair)
      for (const load of loads) load.stop()
      const acknowledged = { queued: queued(), completed: completed() }
      await pair.kill()
      await pair.promote()
      const { url } = pair.primary()
      const kept = { queued: await jobsOf(url, 'queued'), completed: await jobsOf(url, 'completed') }
      const lost = (what: 'queued' | 'completed') =>
        acknowledged[what].filter((id) => !kept[what].includes(id))
      expect({ queued: lost('queued'), completed: lost('completed') }).toEqual({ queued: [], completed: [] })
    },
  )
})

/** Resolves when the answer has come; `has` says whether it has. */
function answerOf(promise: Promise<unknown>) {
  const has = { come: false }
  const come = promise.then(() => {
    has.come = true
  })
  come.catch(() => {})
  return { promise: come, has: () => has.come }
}

describe('what another process has committed on one server alone', () => {
  it('is no reason to say that the job is in line', async () => {
    const pair = await replicated({ synchronous: true })
    const [one, two] = [await joinedAs(pair, 'one'), await joinedAs(pair, 'two')]
    await one.enqueue([{ jobId: 'before', models: ['m'] }])
    await two.catchUp()
    await pair.cutOff()
    answerOf(one.enqueue([{ jobId: 'a', models: ['m'] }]))
    await commitWaits(pair)
    await ends.cancelled(pair)
    await expect.poll(() => two.catchUp().then(() => two.state().waitingCount)).toBe(2)
    const again = answerOf(two.enqueue([{ jobId: 'a', models: ['m'] }]))
    for (let times = 0; times < 3; times++) {
      await commitWaits(pair)
      await ends.terminated(pair)
    }
    await commitWaits(pair)
    expect(again.has()).toBe(false)
    await pair.reconnect()
    await again.promise
    expect(await jobsOf(pair.other().url, 'queued')).toEqual(['before', 'a'])
  })

  it('is no reason to let a job begin', async () => {
    const pair = await replicated({ synchronous: true })
    const [one, two] = [await joinedAs(pair, 'one'), await joinedAs(pair, 'two')]
    await one.onJobStart('first', 'normal', ['m'])
    const second = answerOf(two.onJobStart('second', 'normal', ['m'], { wait: true }))
    // It has been told to wait, and one knows of it.
    await expect.poll(() => two.vitals().counts.appends).toBe(1)
    await one.catchUp()
    await pair.cutOff()
    const first = answerOf(one.onJobComplete('first', 'normal'))
    for (let times = 0; times < 3; times++) {
      await commitWaits(pair)
      await ends.cancelled(pair)
    }
    await commitWaits(pair)
    // It has read that it may.
    await expect
      .poll(() =>
        two
          .state()
          .active()
          .map(({ jobId }) => jobId),
      )
      .toEqual(['second'])
    expect({ first: first.has(), second: second.has() }).toEqual({ first: false, second: false })
    await pair.reconnect()
    await Promise.all([first.promise, second.promise])
    expect(await jobsOf(pair.other().url, 'started')).toEqual(['first', 'second'])
  })
})

describe("a user's own warning, whatever its code,", () => {
  it('leaves a commit acknowledged', async () => {
    const pair = await replicated({ synchronous: true })
    await withClient(pair.primary().url, (client) =>
      client.query(`create function warns() returns trigger language plpgsql as $$
          begin
            raise warning using errcode = '57P01', message = 'canceling the wait for synchronous replication';
            raise warning 'canceling wait for synchronous replication due to user request';
            return null;
          end $$;
        create trigger warns after insert on job_queue_log execute function warns();`),
    )
    const coordinator = await joinedAs(pair, 'one')
    // From the first one it is known that commits wait: on a busy machine it takes some looks to see one that does.
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    const { retried } = coordinator.vitals().counts
    await coordinator.enqueue([{ jobId: 'b', models: ['m'] }])
    expect(coordinator.vitals().counts).toMatchObject({ retried })
    expect(await jobsOf(pair.other().url, 'queued')).toEqual(['a', 'b'])
  })
})

describe('while the server has been told that commits are to wait, and they do not yet', () => {
  /** The standby is gone, and no commit waits for it, though a session that asks is told that they do. */
  async function untold() {
    const pair = await replicated({ synchronous: false })
    const coordinator = await joinedAs(pair, 'one')
    await coordinator.enqueue([{ jobId: 'before', models: ['m'] }])
    await expect.poll(() => jobsOf(pair.other().url, 'queued')).toEqual(['before'])
    const checkpointer = await pair.checkpointer()
    atEnd(() => checkpointer.goOn())
    await withClient(pair.primary().url, async (client) => {
      await client.query("alter system set synchronous_standby_names = 'standby'")
      await client.query('select pg_reload_conf()')
      const isSynchronous = "select sync_state = 'sync' as ok from pg_stat_replication"
      await expect.poll(() => isSo(client, isSynchronous)).toBe(true)
    })
    return { pair, coordinator, checkpointer }
  }

  it('nothing is acknowledged that the standby has not', { timeout: 60_000 }, async () => {
    const { pair, coordinator, checkpointer } = await untold()
    await pair.cutOff()
    const enqueued = answerOf(coordinator.enqueue([{ jobId: 'a', models: ['m'] }]))
    await expect.poll(() => jobsOf(pair.primary().url, 'queued')).toEqual(['before', 'a'])
    await expect.poll(() => coordinator.vitals().counts.retried).toBeGreaterThan(1)
    expect(enqueued.has()).toBe(false)
    checkpointer.goOn()
    await commitWaits(pair)
    expect(enqueued.has()).toBe(false)
    await pair.reconnect()
    await enqueued.promise
    expect(await jobsOf(pair.other().url, 'queued')).toEqual(['before', 'a'])
  })

  it('the doctor does not say that a fail-over loses nothing', { timeout: 60_000 }, async () => {
    const { pair, checkpointer } = await untold()
    const store = postgresStore(pair.primary().url)
    atEnd(() => store.close())
    const { standbys, findings } = await examine({ store })
    expect(standbys).toMatchObject({ synchronous: 1, atFailOver: 'may_be_lost' })
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'standby',
        level: 'problem',
        what: expect.stringContaining('do not wait'),
      }),
    )
    checkpointer.goOn()
    await expect.poll(async () => (await examine({ store })).standbys?.atFailOver).toBe('kept')
  })
})
