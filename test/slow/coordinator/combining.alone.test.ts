// Slow: counts what is told and what is read, which turns on who is late.
/** Several processes write to one queue at once: one of them carries out the commands of all (docs/inside/several-writers.md). */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Combining, type PolledReads } from '../../../src/engine/coordinator/commit/combining.ts'
import type { OpenCommands } from '../../../src/engine/coordinator/commit/open-commands.ts'
import { LogView } from '../../../src/engine/coordinator/replica/log-view.ts'
import { type CommandResult, InterlockError, jobOf } from '../../../src/engine/core/index.ts'
import type { CombiningRole, LogStore, OnWake } from '../../../src/engine/store/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { createJobWorker, type HandlerContext, type Job } from '../../../src/engine/worker/index.ts'
import { eventsOf, join } from '../../servers/coordinator/support.ts'

/** A store over that database, whose calls of combining are counted, and may come to nothing. */
function storeOn(
  database = memoryDatabase(),
  change: (role: CombiningRole) => Partial<CombiningRole> = () => ({}),
) {
  const store = memoryStore(database)
  const calls = { publish: 0, resign: 0, append: 0, read: 0 }
  const role = { ...store.combining, ...(store.combining && change(store.combining)) } as CombiningRole
  const counted: LogStore = {
    ...store,
    append: (request) => {
      calls.append++
      return store.append(request)
    },
    read: (...args) => {
      calls.read++
      return store.read(...args)
    },
    combining: {
      publish: (...args) => {
        calls.publish++
        return role.publish(...args)
      },
      resign: (...args) => {
        calls.resign++
        return role.resign(...args)
      },
    },
  }
  return { store: counted, calls }
}

/** Resolves to what resolves when no process combines any more. */
async function resignation(store: LogStore): Promise<{ readonly heard: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>()
  await store.listen('default', (wake) => {
    if (wake.type === 'resigned') resolve()
  })
  return { heard: promise }
}

const jobs = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ jobId: `${name}-${n}`, models: [`model of ${name}-${n}`] }))

describe('processes that write at once', () => {
  it('have each of their commands carried out once, most of them by the combiner', async () => {
    const database = memoryDatabase()
    const stores = ['a', 'b', 'c'].map((name) => ({ name, ...storeOn(database) }))
    const all = await Promise.all(stores.map(({ store }) => join({ store })))
    for (let round = 0; round < 20; round++) {
      const sent = all.map((each, i) => each.enqueue(jobs(`${stores[i]?.name}-${round}`, 3)))
      await Promise.all(sent)
    }
    const queued = (await eventsOf(memoryStore(database))).filter((event) => event.startsWith('queued'))
    expect(new Set(queued).size).toBe(180)
    expect(queued).toHaveLength(180)
    expect(stores.reduce((sum, { calls }) => sum + calls.publish, 0)).toBeGreaterThan(20)
  })

  it('learn of each other also where one is so fast that it loses no append', async () => {
    const database = memoryDatabase()
    const fast = storeOn(database)
    const slow = storeOn(database)
    const [first, second] = [await join({ store: fast.store }), await join({ store: slow.store })]
    // The second loses one append, and combines from then on; the first is told so.
    const heard = Promise.withResolvers<void>()
    await fast.store.listen('default', (wake) => {
      if (wake.type === 'answered') heard.resolve()
    })
    await Promise.all([first.enqueue(jobs('x', 1)), second.enqueue(jobs('y', 1))])
    await heard.promise
    await first.enqueue(jobs('z', 1))
    expect(fast.calls.publish).toBeGreaterThan(0)
  })

  it('learn of each other by their appends where no message arrives', async () => {
    const { store, calls } = storeOn()
    const first = await join({ store: { ...store, listen: async () => async () => {} } })
    await store.combining?.publish('default', {
      ...{ sender: 'another', waitMs: 250, seen: null },
      commands: [{ command: { id: 'c', hash: 1, workerId: 'w', body: { type: 'tick' } } }],
    })
    calls.publish = 0
    await first.enqueue(jobs('x', 1))
    expect(calls.publish).toBe(0)
    await first.enqueue(jobs('y', 1))
    expect(calls.publish).toBeGreaterThan(0)
  })

  it('append at once again, each for itself, when the combiner has resigned', async () => {
    const database = memoryDatabase()
    const [a, b] = [storeOn(database), storeOn(database)]
    const [first, second] = [await join({ store: a.store }), await join({ store: b.store })]
    const resigned = await Promise.all([a, b].map(({ store }) => resignation(store)))
    await Promise.all([first.enqueue(jobs('x', 1)), second.enqueue(jobs('y', 1))])
    await Promise.all(resigned.map(({ heard }) => heard))
    const before = a.calls.publish + b.calls.publish
    expect(before).toBeGreaterThan(0)
    for (let round = 0; round < 3; round++) {
      await first.enqueue(jobs(`x-${round}`, 1))
      await second.enqueue(jobs(`y-${round}`, 1))
    }
    expect(a.calls.publish + b.calls.publish).toBe(before)
  })

  it('are left by a combiner that could not resign at first: it resigns at its next poll', async () => {
    const database = memoryDatabase()
    let failing = 3
    const failingFirst = (role: CombiningRole) => ({
      resign: async (...args: Parameters<CombiningRole['resign']>) => {
        if (failing-- > 0)
          throw new InterlockError('store_unavailable', 'canceling statement due to lock timeout')
        return role.resign(...args)
      },
    })
    const [a, b] = [storeOn(database, failingFirst), storeOn(database, failingFirst)]
    const [first, second] = await Promise.all([a, b].map(({ store }) => join({ store, pollMs: 50 })))
    const resigned = await resignation(a.store)
    await Promise.all([first?.enqueue(jobs('x', 1)), second?.enqueue(jobs('y', 1))])
    await resigned.heard
    expect(failing).toBeLessThanOrEqual(0)
  })

  it('do without the combiner when it is gone, and carry out what was published for it once', async () => {
    const database = memoryDatabase()
    const { store } = storeOn(database)
    // It takes part once, and is never heard of again.
    await store.open('default')
    await store.combining?.publish('default', {
      ...{ sender: 'gone', waitMs: 250, seen: null },
      commands: [{ command: { id: 'c', hash: 1, workerId: 'w', body: { type: 'tick' } } }],
    })
    const [first, second] = [await join({ store }), await join({ store: storeOn(database).store })]
    await Promise.all([first.enqueue(jobs('x', 5)), second.enqueue(jobs('y', 5))])
    const queued = (await eventsOf(store)).filter((event) => event.startsWith('queued'))
    expect(new Set(queued).size).toBe(10)
    expect(queued).toHaveLength(10)
  })

  it('are answered when what they published gets lost', async () => {
    const database = memoryDatabase()
    let lost = 0
    const losing = (role: CombiningRole): Partial<CombiningRole> => ({
      publish: async (queue, publication) => {
        if (lost++ > 3) return role.publish(queue, publication)
        return { combines: false, seen: { election: lost, oldest: null }, barren: 0 }
      },
    })
    const [a, b] = [storeOn(database, losing), storeOn(database, losing)]
    const [first, second] = [await join({ store: a.store }), await join({ store: b.store })]
    await Promise.all([first.enqueue(jobs('x', 5)), second.enqueue(jobs('y', 5))])
    expect(lost).toBeGreaterThan(0)
    expect((await eventsOf(a.store)).filter((event) => event.startsWith('queued'))).toHaveLength(10)
  })

  it('publish one batch at a time, and the next one once they have heard of it', async () => {
    const database = memoryDatabase()
    const published = new Set<string>()
    const enough = Promise.withResolvers<void>()
    let calls = 0
    let isBusy = true
    const busy = (role: CombiningRole): Partial<CombiningRole> => ({
      publish: async (queue, publication) => {
        if (!isBusy) return role.publish(queue, publication)
        for (const { command } of publication.commands) published.add(command.id)
        if (++calls === 5) enough.resolve()
        return { combines: false, seen: { election: calls, oldest: null }, barren: 0 }
      },
    })
    const [a, b] = [storeOn(database, busy), storeOn(database, busy)]
    const all = [await join({ store: a.store }), await join({ store: b.store })]
    const sent = all.map((each, i) =>
      Promise.all(Array.from({ length: 1_200 }, (_, n) => each.enqueue(jobs(`${i}-${n}`, 1)))),
    )
    await enough.promise
    expect(published.size).toBeGreaterThan(0)
    expect(published.size).toBeLessThanOrEqual(500)
    isBusy = false
    await Promise.all(sent)
  })

  it('wait for the combiner also while they close: that is no refusal', async () => {
    const database = memoryDatabase()
    const isAsked = Promise.withResolvers<void>()
    let asked = 0
    const busy = (role: CombiningRole): Partial<CombiningRole> => ({
      publish: async (queue, publication) => {
        isAsked.resolve()
        if (asked++ >= 2) return role.publish(queue, publication)
        return { combines: false, seen: { election: asked, oldest: null }, barren: 0 }
      },
    })
    const [a, b] = [storeOn(database, busy), storeOn(database, busy)]
    const [first, second] = [await join({ store: a.store }), await join({ store: b.store })]
    const sent = Promise.all([first.enqueue(jobs('x', 1)), second.enqueue(jobs('y', 1))])
    await isAsked.promise
    await Promise.all([first.close(), second.close(), sent])
    expect(
      (await eventsOf(memoryStore(database))).filter((event) => event.startsWith('queued')),
    ).toHaveLength(2)
  })
})

describe('a process that waits for an answer which does not come', () => {
  /** Two processes that write at once: the one that loses publishes, and would not look after its commands for a day. */
  async function waiting() {
    const database = memoryDatabase()
    const isPublished = Promise.withResolvers<void>()
    const seen: unknown[] = []
    const world = { isLost: true }
    const deaf = (role: CombiningRole): Partial<CombiningRole> => ({
      publish: async (queue, publication) => {
        seen.push(publication.seen)
        if (seen.length === 2) isPublished.resolve()
        if (!world.isLost) return role.publish(queue, publication)
        return { combines: false, seen: { election: 1, oldest: 1 }, barren: 40 }
      },
    })
    const [a, b] = [storeOn(database, deaf), storeOn(database, deaf)]
    const both = [await join({ store: a.store, pollMs: 10 }), await join({ store: b.store, pollMs: 10 })]
    const sent = Promise.all(both.map((process, n) => process.enqueue(jobs(`of-${n}`, 1))))
    await isPublished.promise
    return { both, database, sent, seen, world }
  }

  it('reads when it is asked meanwhile, each time', async () => {
    const { both, database, sent, world } = await waiting()
    const another = await join({ store: memoryStore(database) })
    for (const round of [1, 2, 3]) {
      await another.enqueue(jobs(`round-${round}`, 1))
      for (const process of both) {
        await process.catchUp()
        expect(jobOf(process.ledger(), `round-${round}-0`)).toBeDefined()
      }
    }
    world.isLost = false
    await sent
  })

  it('asks again after three polls that find nothing, and leaves the combiner in its place', async () => {
    const { sent, seen, world } = await waiting()
    world.isLost = false
    await sent
    expect(seen).toEqual([null, { election: 1, oldest: 1 }, { election: 0, oldest: null }])
  })

  it('is told a refusal of what it asks again only if the log does not have it: it may have been carried out before', async () => {
    const told: unknown[] = []
    const open = new Set(['a command'])
    let isCarriedOut = false
    const batch = {
      get size() {
        return open.size
      },
      pending: () => [],
      has: (id: string) => open.has(id),
      answer: (id: string, result: CommandResult) => open.delete(id) && told.push(result),
      settleKnown: () => isCarriedOut && open.delete('a command') && told.push('what the log says'),
    }
    const refusal = { ok: false, code: 'job_not_active', message: 'the attempt is over' } as const
    let publications = 0
    const combining = await waitingProcess(
      async () => {
        if (++publications === 2) {
          isCarriedOut = true
          const answers = [{ commandId: 'a command', result: refusal }]
          combining.receiveAnswers({ version: 0, answers, data: [] })
        }
        return { combines: false, seen: { election: 1, oldest: 1 }, barren: 0 }
      },
      { areWanted: true, now: async () => {} },
    )
    combining.appended(60_000)
    await combining.publish(batch as unknown as OpenCommands)
    expect(told).toEqual(['what the log says'])
  })
})

/** A process that waits, over a database that only says this when something is published. */
async function waitingProcess(
  publish: CombiningRole['publish'],
  reads: PolledReads = { areWanted: false, now: async () => {} },
): Promise<Combining> {
  const store = memoryStore()
  await store.open('default')
  const combining = new Combining({
    ...{ log: new LogView({ store, queue: 'default' }) },
    ...{ combining: { publish, resign: async () => ({ combines: false, published: [] }) } },
    ...{ name: () => 'waiting', onPublished: () => {}, onStarted: () => {}, onUnexpected: () => {} },
    reads,
  })
  combining.meetOthers()
  return combining
}

/** A batch of one command, which the log has when this says so. */
function batchOf(isCarriedOut = () => true): OpenCommands {
  const settleKnown = () => {
    batch.size = isCarriedOut() ? 0 : 1
  }
  const batch = { size: 1, pending: () => [], settleKnown }
  return batch as unknown as OpenCommands
}

describe('a process that nobody tells of its answers', () => {
  it('looks after each of them as soon as after the first', async () => {
    const waits: number[] = []
    const combining = await waitingProcess(async (_, { waitMs }) => {
      waits.push(waitMs)
      return { combines: false, seen: { election: 1, oldest: waits.length }, barren: 0 }
    })
    combining.appended(0.1)
    // The log has each of them when it looks.
    for (let round = 0; round < 10; round++) await combining.publish(batchOf())
    expect(waits).toEqual(Array(10).fill(waits[0]))
  })
})

describe('the time until a process looks', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  /** Its answers take 100 ms, and it knows that. */
  async function accustomed() {
    const world = { election: 1, barren: 0, waitMs: 0, elects: false }
    let place = 0
    const combining = await waitingProcess(async (_, { waitMs }) => {
      world.waitMs = waitMs
      if (world.elects) return { combines: true, version: 0, published: [] }
      return { combines: false, seen: { election: world.election, oldest: place++ }, barren: world.barren }
    })
    /** Publishes a batch. After so long something happens, and if nothing is said of what, the answer comes. */
    const publish = async (ms: number, happens?: () => void) => {
      let isCarriedOut = false
      const published = combining.publish(batchOf(() => isCarriedOut))
      await vi.advanceTimersByTimeAsync(ms)
      happens?.()
      isCarriedOut = true
      combining.receiveAnswered(['waiting'])
      await published
    }
    /** Looks after a batch for so long, until there is another combiner, which answers. */
    const stalled = async (ms: number) => {
      let isCarriedOut = false
      const batch = batchOf(() => isCarriedOut)
      for (let stalledMs = 0; stalledMs < ms; stalledMs += 200) {
        const published = combining.publish(batch)
        await vi.advanceTimersByTimeAsync(200)
        await published
      }
      world.election++
      const published = combining.publish(batch)
      await vi.advanceTimersByTimeAsync(50)
      isCarriedOut = true
      combining.receiveAnswered(['waiting'])
      await published
    }
    /** How long it would wait now. */
    const wait = async () => {
      await publish(100)
      return world.waitMs
    }
    combining.appended(50)
    for (let n = 0; n < 30; n++) await publish(100)
    return { world, combining, publish, stalled, wait }
  }

  it('is what answers take, and a little more', async () => {
    const { wait } = await accustomed()
    expect(await wait()).toBeGreaterThanOrEqual(100)
    expect(await wait()).toBeLessThan(101)
  })

  it('grows when answers take longer while the same process combines', async () => {
    const { combining, publish, wait } = await accustomed()
    combining.appended(2_000)
    for (let n = 0; n < 30; n++) await publish(3_000)
    expect(await wait()).toBeGreaterThanOrEqual(2_500)
  })

  it('stays, when a combiner died meanwhile and its successor has answered', async () => {
    const { world, combining, publish, wait } = await accustomed()
    combining.appended(2_000)
    const before = await wait()
    await publish(before / 2, () => world.election++)
    await wait()
    expect(await wait()).toBeLessThanOrEqual(before)
  })

  it('stays, when it has looked for long until there was another combiner', async () => {
    const { stalled, wait } = await accustomed()
    const before = await wait()
    await stalled(16_000)
    await wait()
    expect(await wait()).toBeLessThanOrEqual(before)
  })

  it('stays doubled for each election that came to nothing, until an answer counts', async () => {
    const { world, stalled, publish, wait } = await accustomed()
    world.barren = 3
    await stalled(200)
    expect(await wait()).toBeGreaterThanOrEqual(8 * 100)
    await publish(50)
    expect(await wait()).toBeLessThan(2 * 100)
  })

  it('stays, when another process took its place during an append', async () => {
    const { world, combining, wait } = await accustomed()
    const before = await wait()
    world.elects = true
    await combining.publish(batchOf())
    world.elects = false
    combining.appended(16_000, false)
    await wait()
    expect(await wait()).toBeLessThanOrEqual(before)
  })
})

describe('a command that is published after a first try', () => {
  it('is refused only when the log does not have it: the first try may have taken effect', async () => {
    const inner = memoryStore()
    const wakes: OnWake[] = []
    let isLosing = false
    const refusal = { ok: false, code: 'job_not_active', message: 'the attempt is over' } as const
    const store: LogStore = {
      ...inner,
      listen: (queue, onWake) => {
        wakes.push(onWake)
        return inner.listen(queue, onWake)
      },
      append: async (request) => {
        const answer = await inner.append(request)
        if (!isLosing) return answer
        isLosing = false
        for (const wake of wakes) wake({ type: 'answered', senders: ['another'] })
        throw new InterlockError('store_unavailable', 'the answer was lost')
      },
      // The combiner finds the attempt ended, refuses the command, and says so.
      combining: {
        publish: async (_queue, { commands }) => {
          const answers = commands.map(({ command }) => ({ commandId: command.id, result: refusal }))
          setImmediate(() => {
            for (const wake of wakes) wake({ type: 'answers', answers: { version: 0, answers, data: [] } })
          })
          return { combines: false, seen: { election: 1, oldest: 1 }, barren: 0 }
        },
        resign: async () => ({ combines: false, published: [] }),
      },
    }
    const coordinator = await join({ store })
    await coordinator.enqueue(jobs('x', 1))
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    if (started === undefined) throw new Error('the job has started')
    isLosing = true
    await expect(coordinator.complete(started.lease)).resolves.toEqual([])
    expect(await eventsOf(inner)).toContain('completed x-0')
  })
})

describe('a worker in a process that does not combine', () => {
  /** Three processes with a worker each, and what they do with each job. */
  async function workers(handler: (job: Job, context: HandlerContext) => unknown) {
    const database = memoryDatabase()
    const stores = [1, 2, 3].map(() => storeOn(database))
    const all = await Promise.all(stores.map(({ store }) => join({ store })))
    const [first] = all
    if (first === undefined) throw new Error('three have joined')
    await first.setPolicy('by-model')
    for (const coordinator of all) {
      const worker = createJobWorker({ coordinator, concurrency: 8, handlers: { '*': handler } })
      worker.start()
      onTestFinished(async () => void (await worker.drain()))
    }
    return { first, all, calls: (name: 'read' | 'publish') => stores.map(({ calls }) => calls[name]) }
  }

  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

  it('is told what came of its commands, with the payloads of its jobs, and hardly reads the log', async () => {
    const left = new Set<string>()
    let isDone = Promise.withResolvers<void>()
    const { first, all, calls } = await workers((job) => {
      expect(job.payload).toEqual({ of: job.jobId })
      expect(left.delete(job.jobId)).toBe(true)
      if (left.size === 0) isDone.resolve()
    })
    const run = async (prefix: string) => {
      isDone = Promise.withResolvers<void>()
      const batch = jobs(prefix, 900)
      for (const { jobId } of batch) left.add(jobId)
      await first.enqueue(batch.map((job) => ({ ...job, payload: { of: job.jobId } })))
      await isDone.promise
    }
    const getsAnswers = () => sum(calls('read')) < sum(calls('publish'))
    // One that was stopped for a moment, as on a busy machine, hands its commands in by itself for a while.
    for (let n = 0; n < 8 && !getsAnswers(); n++) await run(`batch-${n}`)
    expect(sum(calls('read'))).toBeLessThan(sum(calls('publish')))
    await vi.waitFor(async () => {
      await Promise.all(all.map((each) => each.catchUp()))
      expect(all.map((each) => each.state().activeCount + each.state().waitingCount)).toEqual([0, 0, 0])
    })
  })
})
