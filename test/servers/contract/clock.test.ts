import { describe, expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { inMemory, onPostgres } from './clocked.ts'
import { activeRow, appendNow, queuedEvent, startedEvent } from './hand-made.ts'
import { appendArguments, connection, migratedDatabase, opened } from './support.ts'

const HOUR = 3_600

describe.each([
  ['PostgreSQL', onPostgres],
  ['memory', inMemory],
])('the clock of %s', (_name, clocked) => {
  const beatOf = (workerId: string) => ({
    ...{ queue: 'q', workerId, kinds: null, freeSlots: 1, release: '0' },
    ...{ ttlMs: 60_000, graceMs: 10_000 },
  })

  it('may be set back: a dead worker is overdue after ttl and grace, and one that beats is alive', async () => {
    const { store, set } = await clocked()
    const beat = (workerId: string) => store.beat(beatOf(workerId))
    await beat('gone')
    await beat('alive')
    const jobs = [activeRow('a', 1, 'gone')]
    expect((await appendNow(store, 'q', [queuedEvent('a'), startedEvent('a', 'gone')], { jobs })).ok).toBe(
      true,
    )
    await set(-HOUR)
    for (let seconds = 0; seconds <= 60; seconds += 20) {
      await set(-HOUR + seconds)
      expect(await beat('alive')).toMatchObject({ alive: true, overdue: [] })
    }
    // It is not overdue before its ttl is over since the clock was found to be back, and the grace after it.
    await set(-HOUR + 66)
    expect(await beat('alive')).toMatchObject({ alive: true, overdue: [] })
    expect((await store.workers('q')).map(({ workerId, state }) => [workerId, state])).toContainEqual([
      'gone',
      'late',
    ])
    await set(-HOUR + 80)
    expect(await beat('alive')).toMatchObject({ alive: true, overdue: ['gone'] })
  })

  it('may be set back by less than a second without a lease being shortened', async () => {
    const { store, set } = await clocked()
    const { expiresAt } = await store.beat(beatOf('other'))
    await set(-0.5)
    await store.beat(beatOf('alive'))
    const other = (await store.workers('q')).find(({ workerId }) => workerId === 'other')
    expect(other?.expiresAt).toBe(expiresAt)
  })

  it('is the one that events are timed by, however far that of the process is off, and wherever it jumps', async () => {
    const { store, set } = await clocked()
    await set(HOUR)
    const here = await createCoordinator({ store, queue: 'q', logger: silentLogger, pollMs: 3_600_000 })
    onTestFinished(() => here.close())
    const apart = async () => {
      const { events, now } = await store.read('q', 0, 100)
      return [(events.at(-1)?.at ?? 0) - now, here.now() - now].map((micros) => Math.abs(micros) < 60_000_000)
    }
    await here.enqueue([{ jobId: 'a', models: ['m'] }])
    expect(await apart()).toEqual([true, true])
    expect(here.health().counts.lost).toBe(0)
    await set(3 * HOUR)
    await here.enqueue([{ jobId: 'b', models: ['m'] }])
    expect(await apart()).toEqual([true, true])
    await set(2 * HOUR)
    // Later than the last event all the same: time in the log does not go back, and the queue goes by it until the clock is there.
    await here.enqueue([{ jobId: 'c', models: ['m'] }])
    expect(await apart()).toEqual([false, false])
    const { events } = await store.read('q', 0, 100)
    expect(here.now()).toBeGreaterThanOrEqual(events.at(-1)?.at ?? 0)
    expect(here.now()).toBeLessThan((events.at(-1)?.at ?? 0) + 60_000_000)
    expect(here.state()).toMatchObject({ waitingCount: 3 })
  })
})

describe('an append that waits for the lock', () => {
  it('reads the clock after the wait: a lease that ran out meanwhile starts nothing', async () => {
    const url = await migratedDatabase()
    const store = await opened(url)
    const [holder, waiting] = [await connection(url), await connection(url)]
    const values = await appendArguments(waiting, 0)
    const [event] = JSON.parse(String(values[2]))
    values[2] = JSON.stringify([{ ...event, event_type: 'started', job_id: 'a', worker_id: 'w' }])
    await waiting.query("set lock_timeout = '60s'")
    await holder.query("begin; select from interlock.job_queue_heads where queue = 'q' for update")
    await store.beat({
      queue: 'q',
      workerId: 'w',
      kinds: null,
      freeSlots: 1,
      release: '0',
      ttlMs: 2_000,
      graceMs: 0,
    })
    const append = waiting.query('select public.job_queue_append($1, $2, $3, $4) as answer', values)
    const waits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await expect.poll(async () => (await holder.query(waits)).rowCount, { timeout: 10_000 }).toBe(1)
    await expect.poll(() => store.workers('q'), { timeout: 20_000 }).toMatchObject([{ state: 'dead' }])
    await holder.query('commit')
    const { rows } = await append
    expect(rows[0].answer).toMatchObject({ ok: false, reason: 'dead_worker', worker_ids: ['w'] })
  })
})

describe('a database whose clock was set back by an hour', () => {
  it('gives the job of a process that is gone to another one in time', async () => {
    const { store, set } = await onPostgres()
    const state = { isGone: false }
    const beat: LogStore['beat'] = (what) =>
      state.isGone ? Promise.reject(new InterlockError('store_unavailable', 'gone')) : store.beat(what)
    const options = { queue: 'q', leaseMs: 1_500, graceMs: 200, pollMs: 50, logger: silentLogger }
    const gone = await createCoordinator({ store: { ...store, beat }, ...options })
    const here = await createCoordinator({ store, ...options })
    onTestFinished(async () => {
      await here.close()
      await gone.close()
    })
    await gone.enqueue([{ jobId: 'a', models: ['m'] }])
    await gone.claim({ max: 1, kinds: null })
    state.isGone = true
    const { workerId } = here
    await set(-HOUR)
    const claimed = () => here.claim({ max: 1, kinds: null })
    await expect.poll(claimed, { timeout: 30_000 }).toMatchObject([{ attempt: 2, workerId }])
  })
})
