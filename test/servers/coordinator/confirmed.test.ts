/** Where commits wait for a standby: what a process tells of the log as a fact, it tells when it is confirmed, however it knows. */
import { describe, expect, it } from 'vitest'
import { Committer } from '../../../src/engine/coordinator/commit/committer.ts'
import { readToHead } from '../../../src/engine/coordinator/replica/catch-up.ts'
import { LogView } from '../../../src/engine/coordinator/replica/log-view.ts'
import { type Command, InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore, OnWake } from '../../../src/engine/store/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { eventsOf, join } from './support.ts'

/** A store in which nothing that is read or heard counts before it is confirmed, and nothing is until the test says so. */
function unconfirmedStore(database = memoryDatabase()) {
  const inner = memoryStore(database)
  let confirmed = Promise.withResolvers<boolean>()
  let asked = Promise.withResolvers<void>()
  const store: LogStore = {
    ...inner,
    read: async (...page) => ({ ...(await inner.read(...page)), isUnconfirmed: true }),
    listen: (queue, onWake) => inner.listen(queue, (wake) => onWake(marked(wake))),
    confirm: () => {
      asked.resolve()
      return confirmed.promise
    },
  }
  return {
    store,
    /** Resolves when somebody waits for a confirmation. */
    isAsked: () => asked.promise,
    confirm: () => confirmed.resolve(true),
    /** Another server confirms, which lacks what was read. */
    confirmElsewhere: () => confirmed.resolve(false),
    fail: (error: unknown) => {
      confirmed.reject(error)
      confirmed = Promise.withResolvers()
      asked = Promise.withResolvers()
    },
  }
}

function marked(wake: Parameters<OnWake>[0]): Parameters<OnWake>[0] {
  if (wake.type === 'answers') return { ...wake, answers: { ...wake.answers, isUnconfirmed: true } }
  if (wake.type !== 'appended' || wake.news === undefined) return wake
  return { ...wake, news: { ...wake.news, isUnconfirmed: true } }
}

/** What a promise has come to by the time everything that waits now has run. */
async function soFar(promise: Promise<unknown>): Promise<'waits' | 'is answered' | 'has failed'> {
  const turn = new Promise<'waits'>((resolve) => setImmediate(() => setImmediate(resolve, 'waits')))
  const outcome = promise.then(
    () => 'is answered' as const,
    () => 'has failed' as const,
  )
  return Promise.race([outcome, turn])
}

/** Writes the command's events, as the process does that decides for all. */
async function carryOut(database: ReturnType<typeof memoryDatabase>, command: Command): Promise<void> {
  const store = memoryStore(database)
  const log = new LogView({ store, queue: 'default' })
  await readToHead(log)
  const ignore = () => {}
  const limit = { forMs: 1_000, signal: new AbortController().signal }
  const committer = new Committer({ log, store, limit })
  await committer.commit(committer.open([{ command, resolve: ignore, reject: ignore }]))
}

/** Another process, whose store confirms all at once. */
const another = (database: ReturnType<typeof memoryDatabase>) => join({ store: memoryStore(database) })

describe('where what is read counts only once it is confirmed', () => {
  it('an append of its own is answered at once, and so is a search that finds nothing', async () => {
    const { store } = unconfirmedStore()
    const coordinator = await join({ store })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    expect(await coordinator.claim({ max: 1, kinds: null })).toHaveLength(1)
    expect(await coordinator.claim({ max: 1, kinds: null })).toEqual([])
  })

  it('a job that is in line already by another process is acknowledged then', async () => {
    const database = memoryDatabase()
    const { store, isAsked, confirm } = unconfirmedStore(database)
    const [one, two] = [await join({ store }), await another(database)]
    await two.enqueue([{ jobId: 'a', models: ['m'] }])
    await one.catchUp()
    const enqueued = one.enqueue([{ jobId: 'a', models: ['m'] }])
    await isAsked()
    expect(await soFar(enqueued)).toBe('waits')
    confirm()
    await enqueued
  })

  it('a job that another process has started for it begins then', async () => {
    const database = memoryDatabase()
    const { store, isAsked, confirm } = unconfirmedStore(database)
    const [one, two] = [await join({ store }), await another(database)]
    await two.onJobStart('first', 'normal', ['m'])
    const second = one.onJobStart('second', 'normal', ['m'], { wait: true })
    await expect.poll(() => two.catchUp().then(() => two.state().waitingCount)).toBe(1)
    await two.onJobComplete('first', 'normal')
    await isAsked()
    await one.catchUp()
    expect(
      one
        .state()
        .active()
        .map(({ jobId }) => jobId),
    ).toEqual(['second'])
    expect(await soFar(second)).toBe('waits')
    confirm()
    await expect(second).resolves.toMatchObject({ allowed: true })
  })

  it('a command that another process has carried out is answered then, told or read', async () => {
    for (const getsAnswers of [true, false]) {
      const database = memoryDatabase()
      const { store, isAsked, confirm } = unconfirmedStore(database)
      const wakes = new Set<OnWake>()
      let isAnother = false
      const one = await join({
        store: {
          ...store,
          listen: (queue, onWake) => {
            wakes.add(onWake)
            return store.listen(queue, onWake)
          },
          append: async (request) => {
            if (!isAnother) return store.append(request)
            isAnother = false
            return { ok: false, reason: 'version', version: 0, now: 0, epoch: 0, missed: [] }
          },
          combining: {
            publish: async (_queue, { commands }) => {
              // It carries them out as they are, and says so.
              const [published] = commands
              if (published === undefined) throw new Error('one was published')
              await carryOut(database, published.command)
              const result = { ok: true, started: [], waiting: [], bypassed: [], changed: true } as const
              const answers = { version: 1, answers: [{ commandId: published.command.id, result }], data: [] }
              for (const wake of wakes)
                wake(
                  getsAnswers
                    ? { type: 'answers', answers: { ...answers, isUnconfirmed: true } }
                    : { type: 'answered', senders: [published.command.workerId], version: 1 },
                )
              return { combines: false, seen: { election: 1, oldest: 1 }, barren: 0 }
            },
            resign: async () => ({ combines: false, published: [] }),
          },
        },
      })
      isAnother = true
      const drained = one.drain()
      await isAsked()
      expect(await soFar(drained)).toBe('waits')
      confirm()
      await drained
      expect(await eventsOf(memoryStore(database))).toEqual(['drain_requested', 'drained'])
    }
  })

  it('what was read of a server that is gone is not acknowledged, though another one confirms that lacks it', async () => {
    const database = memoryDatabase()
    const { store, isAsked, confirmElsewhere } = unconfirmedStore(database)
    const [one, two] = [await join({ store }), await another(database)]
    await two.enqueue([{ jobId: 'a', models: ['m'] }])
    await one.catchUp()
    const enqueued = one.enqueue([{ jobId: 'a', models: ['m'] }])
    await isAsked()
    confirmElsewhere()
    await expect(enqueued).rejects.toMatchObject({ code: 'log_went_back' })
  })

  it('what cannot be confirmed is not acknowledged: it is tried again, and fails when the patience is over', async () => {
    const database = memoryDatabase()
    const { store, isAsked, fail, confirm } = unconfirmedStore(database)
    const [one, two] = [await join({ store, patienceMs: 3_000 }), await another(database)]
    await two.enqueue([{ jobId: 'a', models: ['m'] }])
    await one.catchUp()
    const lost = new InterlockError('store_unavailable', 'the standby is gone')
    const enqueued = one.enqueue([{ jobId: 'a', models: ['m'] }])
    for (let times = 0; times < 3; times++) {
      await isAsked()
      expect(await soFar(enqueued)).toBe('waits')
      fail(lost)
    }
    await isAsked()
    confirm()
    await enqueued
    expect(await eventsOf(memoryStore(database))).toEqual(['queued a'])
  })
})
