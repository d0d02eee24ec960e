// Slow: restores a database under a process.
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { keepSnapshot } from '../../../src/engine/coordinator/replica/snapshots.ts'
import { InterlockError, projectionOf, replay } from '../../../src/engine/core/index.ts'
import type { AppendRequest, LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { migratedDatabase } from '../../servers/contract/support.ts'
import { backUp, restore } from '../../servers/coordinator/backup.ts'

const byModels = (models: readonly string[]) =>
  models.map((model) => ({ jobId: `on-${model}`, models: [model] }))

/** How a process goes on: with what it lost an append to, and with what its store can do. */
const ways: Readonly<Record<string, { lost: boolean; of: (store: LogStore) => LogStore }>> = {
  'that is alone': { lost: false, of: (store) => store },
  'that combines': { lost: true, of: (store) => store },
  'that tries again': { lost: true, of: ({ combining, ...store }) => store },
}

interface Route {
  readonly of: (store: LogStore) => LogStore
  /** It has lost an append to somebody. */
  readonly lost: boolean
}

/** The store, which answers nothing while it is cut: none of the calls that a process makes by itself shows it anything. */
function cuttable(store: LogStore) {
  const cut = { is: false }
  const guarded = <Role extends object>(role: Role): Role =>
    new Proxy(role, {
      get: (target, name) => {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (cut.is) return Promise.reject(new InterlockError('store_unavailable', 'cut'))
          return Reflect.apply(value, target, args)
        }
      },
    })
  const { combining } = store
  return { cut, store: guarded({ ...store, ...(combining && { combining: guarded(combining) }) }) }
}

/** One process that hears of nothing and never polls, and the database as it was before its last words. */
async function lateProcess({ of, lost }: Route) {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  const all: Coordinator[] = []
  const join = async (on: LogStore) => {
    const coordinator = await createCoordinator({
      ...{ store: on, logger: silentLogger, pollMs: 3_600_000, leaseMs: 3_600_000 },
    })
    all.push(coordinator)
    return coordinator
  }
  onTestFinished(async () => {
    for (const each of all) await each.close()
    await store.close()
  })
  const { cut, store: cutOff } = cuttable(of({ ...store, listen: async () => async () => {} }))
  const late = await join(cutOff)
  await late.setPolicy('by-model')
  if (lost) {
    const faster = await join(store)
    await faster.enqueue(byModels(['faster']))
    await late.enqueue(byModels(['slower']))
    await faster.close()
  }
  await backUp(url)
  // What the backup does not have.
  await late.enqueue(byModels(Array.from({ length: 10 }, (_, i) => `lost-${i}`)))
  return {
    late,
    store,
    /** Restores, and lets a fresh process start a job on `held` and go on until the log is at this version. */
    goOn: async (to: (known: number) => number) => {
      cut.is = true
      await restore(url)
      const other = await join(store)
      await other.enqueue(byModels(['held']))
      await other.claim({ max: 1, kinds: null })
      const version = to(late.state().version)
      const more = Array.from({ length: version - other.state().version }, (_, i) => `other-${i}`)
      await other.enqueue(byModels(more))
      expect(other.state().version).toBe(version)
      cut.is = false
      return other
    },
  }
}

const refused = { code: 'log_went_back' }

/** The log can be folded, keeps every promise, and the rows are what it says. */
async function expectSound(store: LogStore): Promise<void> {
  const { events } = await store.read('default', 0, 10_000)
  expect(audit(events).violations).toEqual([])
  expect(isDeepStrictEqual(await store.projection('default'), projectionOf(replay(events)))).toBe(true)
}

describe.each(Object.entries(ways))('after a restore, a process %s', (_, way) => {
  it.each([
    ['not as far', (known: number) => known - 1],
    ['exactly as far', (known: number) => known],
    ['further', (known: number) => known + 3],
    // More than one answer brings.
    ['much further', (known: number) => known + 600],
  ])('writes nothing more, others having gone %s as it knows', async (_, to) => {
    const { late, store, goOn } = await lateProcess(way)
    const other = await goOn(to)
    const stops: string[] = []
    late.stopped$.subscribe(({ code }) => stops.push(code))
    // On the log as it is now this would start a second job on a model that is held.
    await expect(late.enqueue([{ jobId: 'second', models: ['held'] }])).rejects.toMatchObject(refused)
    await expect(late.claim({ max: 5, kinds: null })).rejects.toMatchObject(refused)
    expect(stops).toEqual(['log_went_back'])
    expect(late.health()).toMatchObject({ ok: false })
    await late.close()
    await other.catchUp()
    expect(other.state()).toMatchObject({ epoch: 2, status: 'draining', activeCount: 1 })
    await expectSound(store)
  })

  it('answers nothing from what it knew, even if there is nothing to write', async () => {
    const { late, goOn } = await lateProcess(way)
    await goOn((known) => known + 3)
    await expect(late.cancel('nobody knows it')).rejects.toMatchObject(refused)
  })

  it('notices by the epoch if the event that it knows is gone for good', async () => {
    const { late, store, goOn } = await lateProcess(way)
    const known = late.state().version
    const other = await goOn(() => known - 6)
    await other.recover()
    // Events of no job: nothing of them stays behind the cut.
    for (let at = other.state().version; at < known; at++)
      await other.pauseModel(`p${at}`, { reason: 'test' })
    const { events } = await store.read('default', 0, 10_000)
    await keepSnapshot(store, 'default', replay(events.filter(({ seq }) => seq <= known)))
    await store.project('default', 10_000)
    // Not before the user's tables follow.
    await expect.poll(() => store.archive('default', known, false)).toMatchObject({ archivedSeq: known })
    await other.pauseModel('later', { reason: 'test' })
    await expect(late.enqueue(byModels(['more']))).rejects.toMatchObject(refused)
  })
})

it('after a restore, a process that says and hears nothing is told by its heartbeat that the log is shorter', async () => {
  const { late, goOn } = await lateProcess({ of: (store) => store, lost: false })
  const stops: string[] = []
  late.stopped$.subscribe(({ code }) => stops.push(code))
  await goOn((known) => known - 1)
  await expect.poll(() => stops, { timeout: 10_000 }).toEqual(['log_went_back'])
})

it('after a restore, a try of an append that was made when the database was away is refused', async () => {
  let whileAway: (() => Promise<unknown>) | undefined
  const of = (store: LogStore): LogStore => ({
    ...store,
    append: async (request: AppendRequest) => {
      const away = whileAway
      whileAway = undefined
      if (away === undefined) return store.append(request)
      await away()
      throw new InterlockError('store_unavailable', 'away')
    },
  })
  const { late, store, goOn } = await lateProcess({ of, lost: false })
  whileAway = () => goOn((known) => known)
  await expect(late.enqueue([{ jobId: 'second', models: ['held'] }])).rejects.toMatchObject(refused)
  expect(whileAway).toBeUndefined()
  await late.close()
  await expectSound(store)
})
