import { describe, expect, it } from 'vitest'
import { type ErrorCode, InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { connection, migratedDatabase } from '../contract/support.ts'
import { join, keepingLogger, memoryStore } from './support.ts'

/** A store of which some calls fail as long as `state` says so, and that counts those that went well. */
function failing(...names: ('append' | 'beat' | 'read')[]) {
  const store = memoryStore()
  const state: { code: ErrorCode | null; failing: readonly string[] } = { code: null, failing: names }
  const good = { append: 0, beat: 0, read: 0 }
  const guard =
    <Args extends unknown[], Out>(name: keyof typeof good, call: (...args: Args) => Promise<Out>) =>
    async (...args: Args): Promise<Out> => {
      if (state.code !== null && state.failing.includes(name)) throw new InterlockError(state.code, 'no room')
      const answer = await call(...args)
      good[name]++
      return answer
    }
  const { append, beat, read } = store
  const guarded: LogStore = {
    ...store,
    append: guard('append', append),
    beat: guard('beat', beat),
    read: guard('read', read),
  }
  /** As many more of these have gone well. */
  const more = (name: keyof typeof good, n: number) => {
    const until = good[name] + n
    return expect.poll(() => good[name], { timeout: 10_000, interval: 5 }).toBeGreaterThanOrEqual(until)
  }
  return { store: guarded, state, more }
}

const often = { leaseMs: 3_000, pollMs: 20, patienceMs: 20 }
const job = (jobId: string) => [{ jobId, models: ['m'] }]
const bad = { ok: false, lastError: 'no room' }
const good = { ok: true, reachable: true, lastError: null }

describe('health', () => {
  it('is not good on a database that takes no writes, whatever can be read from it, and says so once', async () => {
    const { store, state, more } = failing('append', 'beat')
    const logger = keepingLogger()
    const here = await join({ store, logger, ...often })
    state.code = 'store_unwritable'
    await expect(here.enqueue(job('a'))).rejects.toMatchObject({ code: 'store_unwritable' })
    for (let n = 0; n < 5; n++) {
      await more('read', 2)
      expect(here.health()).toMatchObject({ ...bad, reachable: true })
      await expect(here.enqueue(job('a'))).rejects.toMatchObject({ code: 'store_unwritable' })
    }
    expect(logger.lines.filter((line) => line.includes('no room'))).toHaveLength(1)
    state.code = null
    await here.enqueue(job('a'))
    await more('beat', 1)
    expect(here.health()).toMatchObject(good)
  })

  it('is not good while no beat gets through, whatever else does', async () => {
    const { store, state } = failing('beat')
    const here = await join({ store, ...often })
    state.code = 'store_unavailable'
    await expect.poll(() => here.health(), { timeout: 10_000 }).toMatchObject({ ...bad, reachable: false })
    await here.enqueue(job('a'))
    await here.catchUp()
    expect(here.health()).toMatchObject({ ...bad, leaseLost: false })
    state.code = null
    await expect.poll(() => here.health(), { timeout: 10_000 }).toMatchObject(good)
  })

  it('is good again after a failed write with nothing to write since, by the beats', async () => {
    const { store, state, more } = failing('append')
    const here = await join({ store, ...often, leaseMs: 900 })
    state.code = 'store_unwritable'
    await expect(here.enqueue(job('a'))).rejects.toThrow()
    expect(here.health()).toMatchObject(bad)
    // One beat that goes well says nothing: a disk may have room for that and no more.
    await more('beat', 1)
    await expect(here.enqueue(job('a'))).rejects.toThrow()
    await more('beat', 1)
    expect(here.health()).toMatchObject(bad)
    await more('beat', 2)
    expect(here.health()).toMatchObject(good)
  })

  it('shows why a command was given up, unless the queue refused it', async () => {
    const { store, state, more } = failing('append')
    const here = await join({ store, ...often })
    state.code = 'contention'
    await expect(here.enqueue(job('a'))).rejects.toMatchObject({ code: 'contention' })
    await more('read', 2)
    expect(here.health()).toMatchObject({ ...bad, reachable: true })
    state.code = null
    await here.enqueue(job('a'))
    await expect(here.enqueue([{ jobId: 'a', models: ['n'] }])).rejects.toMatchObject({ code: 'job_exists' })
    expect(here.health()).toMatchObject(good)
  })

  it('is not good on a standby, or a database that was made read-only (store_unwritable)', async () => {
    const url = await migratedDatabase()
    const store = postgresStore(url)
    const admin = await connection(url)
    const here = await join({ store, ...often })
    await admin.query(`alter database "${admin.database}" set default_transaction_read_only = on`)
    await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    const refused = () =>
      here.enqueue(job('a')).then(
        () => 'taken',
        ({ code }) => code,
      )
    await expect.poll(refused, { timeout: 10_000 }).toBe('store_unwritable')
    await here.catchUp()
    expect(here.health()).toMatchObject({ ok: false, reachable: true })
    expect(here.health().lastError).toContain('read-only')
    // It can leave all the same.
    await here.close()
    await store.close()
  })
})
