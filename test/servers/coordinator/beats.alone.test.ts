import pg from 'pg'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { LeaseKeeper } from '../../../src/engine/coordinator/membership/lease.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { BeatAnswer, WorkerBeat } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { asRuntimeRole, connection, migratedDatabase } from '../contract/support.ts'
import { join, memoryStore } from './support.ts'

afterEach(() => void vi.useRealTimers())

/**
 * The beats of a lease of 15 s, in milliseconds since the first one; `fails` is asked about each after it: with what it fails, null if it
 * gets through, after how many milliseconds, or `hangs` if no answer ever comes.
 */
function beating(fails: (n: number) => Error | number | 'hangs' | null, ttlMs = 15_000) {
  vi.useFakeTimers()
  const store = memoryStore()
  const sent: number[] = []
  const left: string[] = []
  let lost = false
  const options = {
    store: {
      ...store,
      beat: async (beat: WorkerBeat): Promise<BeatAnswer> => {
        sent.push(performance.now() - began)
        const error = sent.length === 1 ? null : fails(sent.length)
        if (error === 'hangs') return new Promise(() => {})
        if (error instanceof Error) throw error
        const answer = await store.beat(beat)
        if (error !== null) await new Promise((resolve) => setTimeout(resolve, error))
        return answer
      },
      leave: async (_: string, workerId: string) =>
        void left.push(`${workerId} after ${performance.now() - began} ms`),
    },
    queue: 'q',
    ttlMs,
    graceMs: 5_000,
    release: '0',
  }
  const holder = {
    workerId: 'w',
    lose: () => {
      lost = true
    },
  }
  const failures = { note: () => {}, beatWentWell: () => {} }
  const keeper = new LeaseKeeper(options, holder, { log: { version: 0 }, failures, renewed: () => {} })
  const began = performance.now()
  return { keeper, store, sent, left, began, isLost: () => lost }
}

const away = new InterlockError('store_unavailable', 'no connection left')

describe('a beat that fails', () => {
  it('is sent again within half a second, and then later and later, up to 2 s, until one gets through', async () => {
    const { keeper, sent, isLost } = beating((n) => (n < 6 ? away : null))
    await keeper.start()
    await vi.advanceTimersByTimeAsync(14_900)
    for (const [n, at] of sent.slice(2, 6).entries()) {
      const rest = at - (sent[n + 1] ?? 0)
      // Or until the next one is due anyway.
      const least = Math.min(250 * 2 ** n, 1_000)
      if (at % 5_000 !== 0) expect(rest).toBeGreaterThanOrEqual(least)
      expect(rest).toBeLessThanOrEqual(2 * least)
    }
    // From the one that got through on no more than what is due.
    expect(sent.slice(6).every((at) => at % 5_000 === 0)).toBe(true)
    expect(isLost()).toBe(false)
    await keeper.stop()
  })

  it('waits for as long as a server asks for that has had too many', async () => {
    const busy = new InterlockError('store_unavailable', 'slow down', { retryAfterMs: 3_000 })
    const { keeper, sent } = beating((n) => (n === 2 ? busy : null))
    await keeper.start()
    await vi.advanceTimersByTimeAsync(9_000)
    expect(sent).toEqual([0, 5_000, 8_000])
    await keeper.stop()
  })

  it('costs no more than one in five seconds in the long run, and nothing once the process has left', async () => {
    const { keeper, sent, isLost } = beating(() => away)
    await keeper.start()
    await vi.advanceTimersByTimeAsync(30_000)
    const before = sent.length
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent.length - before).toBe(12)
    expect(isLost()).toBe(true)
    keeper.abandon()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent.length - before).toBe(12)
  })

  it('is not sent again by a process that leaves meanwhile', async () => {
    const { keeper, sent } = beating(() => away)
    await keeper.start()
    await vi.advanceTimersByTimeAsync(5_000)
    await keeper.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent).toEqual([0, 5_000])
  })
})

describe('a beat that is slow', () => {
  it('keeps the lease, though each answer comes later than the next one is due', async () => {
    const { keeper, isLost } = beating(() => 6_000)
    await keeper.start()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(isLost()).toBe(false)
    keeper.abandon()
  })
})

describe('where beats go along with appends', () => {
  it('none goes out by itself while appends bring them', async () => {
    const { keeper, store, sent, isLost } = beating(() => null)
    await keeper.start()
    const brought: number[] = []
    for (let n = 0; n < 30; n++) {
      await keeper.along(async (beat) => {
        await vi.advanceTimersByTimeAsync(2_000)
        if (beat !== undefined) brought.push(n)
        return { ok: true, version: 0, now: 0, ...(beat && { beat: await store.beat(beat) }) }
      })
    }
    expect({ sent, isLost: isLost() }).toEqual({ sent: [0], isLost: false })
    expect(brought.length).toBeGreaterThan(8)
    keeper.abandon()
  })

  it('one goes out by itself when the append under way is a third of the ttl old, and no sooner', async () => {
    const { keeper, store, sent, isLost } = beating(() => null)
    await keeper.start()
    await vi.advanceTimersByTimeAsync(4_000)
    const held = Promise.withResolvers<void>()
    const appended = keeper.along(async (beat) => {
      await held.promise
      return { ok: true, version: 0, now: 0, ...(beat && { beat: await store.beat(beat) }) }
    })
    await vi.advanceTimersByTimeAsync(4_900)
    expect(sent).toEqual([0])
    await vi.advanceTimersByTimeAsync(100)
    expect(sent).toEqual([0, 9_000])
    // It hangs for longer than the lease, which its beats keep.
    await vi.advanceTimersByTimeAsync(20_000)
    expect(isLost()).toBe(false)
    held.resolve()
    await appended
    keeper.abandon()
  })
})

/** Whether a lease of so many seconds outlives an outage that begins at that time, and in which beats hang or are refused. */
async function outlives(
  leaseSeconds: number,
  fromMs: number,
  outageMs: number,
  isRefused: (n: number) => boolean,
) {
  const isAway = () => performance.now() - began >= fromMs && performance.now() - began < fromMs + outageMs
  const of = (n: number) => (isRefused(n) ? away : 'hangs')
  const { keeper, began, isLost } = beating((n) => (isAway() ? of(n) : null), leaseSeconds * 1_000)
  await keeper.start()
  await vi.advanceTimersByTimeAsync(fromMs + outageMs + 20_000)
  await keeper.stop()
  return !isLost()
}

describe('a lease', () => {
  it('outlives any outage that is 15 s shorter, whenever it begins, whether beats hang or are refused', async () => {
    for (const refused of [() => true, () => false, (n: number) => n % 2 === 0]) {
      for (let fromMs = 12_000; fromMs <= 24_000; fromMs += 700) {
        expect(await outlives(45, fromMs, 30_000, refused), `from ${fromMs} ms`).toBe(true)
      }
    }
  })

  it('does not outlive one that is as long as itself: others get the jobs of a process that is cut off as long', async () => {
    expect(await outlives(15, 12_000, 15_000, () => true)).toBe(false)
  })

  it('that was lost by the clock of the process is given up once the grace is over, if that says nothing to the database', async () => {
    const isAway = () => performance.now() - began < 16_000
    const { keeper, left, began, isLost } = beating(() => (isAway() ? away : null))
    await keeper.start()
    await vi.advanceTimersByTimeAsync(16_000)
    expect(isLost()).toBe(true)
    await vi.advanceTimersByTimeAsync(3_900)
    expect(left).toEqual([])
    await vi.advanceTimersByTimeAsync(5_100)
    expect(left).toEqual(['w after 20000 ms'])
    keeper.abandon()
  })
})

describe('where no connection is left', () => {
  it('beats go over the one that listens, and the lease is kept', async () => {
    const role = 'interlock_crowded'
    const url = await migratedDatabase()
    const address = await asRuntimeRole(url, role)
    const admin = await connection(url)
    const store = postgresStore(address)
    onTestFinished(() => store.close())
    let beats = 0
    const beat: typeof store.beat = async (what) => {
      const answer = await store.beat(what)
      beats++
      return answer
    }
    const here = await join({ store: { ...store, beat }, leaseMs: 9_000, pollMs: 50 })
    const { workerId } = here
    await admin.query(`alter role ${role} connection limit 1`)
    onTestFinished(() => admin.query(`alter role ${role} connection limit -1`).then(() => {}))
    const { rowCount } = await admin.query(`
      select pg_terminate_backend(pid) from pg_stat_activity
       where usename = '${role}' and query not like '%pg_listening_channels%'`)
    expect(rowCount).toBeGreaterThan(0)
    const other = () =>
      store.workers('default').then(
        () => null,
        ({ details }) => details.sqlstate,
      )
    await expect.poll(other).toBe('53300')
    const before = beats
    await expect.poll(() => beats - before).toBeGreaterThan(1)
    // So do reads, and appends do anyway: the work goes on.
    const opened = postgresStore(url)
    onTestFinished(() => opened.close())
    const there = await join({ store: opened, pollMs: 50 })
    await there.enqueue([{ jobId: 'a', models: ['m'] }])
    await expect.poll(() => here.state().waitingCount, { timeout: 20_000 }).toBe(1)
    expect(await here.claim({ max: 1, kinds: null })).toMatchObject([{ workerId }])
    await expect.poll(() => there.state().activeCount).toBe(1)
  })

  it('in a pool that others keep busy, beats do not wait for one', async () => {
    const pool = new pg.Pool({ connectionString: await migratedDatabase(), max: 1 })
    onTestFinished(() => pool.end())
    const store = postgresStore(pool)
    onTestFinished(() => store.close())
    await store.open('q')
    await store.listen('q', () => {})
    const busy = await pool.connect()
    const beat = { queue: 'q', workerId: 'w', kinds: null, freeSlots: 0, release: '0' }
    expect(await store.beat({ ...beat, ttlMs: 15_000, graceMs: 0 })).toMatchObject({ alive: true })
    busy.release()
  })
})
