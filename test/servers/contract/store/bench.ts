import type { LogStore } from '../../../../src/engine/store/index.ts'

/** The functions of vitest (or another runner with the same) that a suite registers its tests with. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => void
  readonly it: (name: string, body: () => Promise<void>) => void
  readonly beforeAll: (prepare: () => Promise<void>) => void
  readonly afterAll: (cleanUp: () => Promise<void>) => void
}

/** Data that stores can be opened over. Every test takes a queue of its own, so one is enough for the whole suite. */
export interface Subject {
  /** A store over that data, as another process would have it. The suite closes it. */
  connect(): Promise<LogStore> | LogStore
  /** Called when all stores are closed. */
  dispose?(): Promise<void>
}

/** What a part of the suite works with. */
export interface Bench {
  readonly it: (name: string, body: (queue: string) => Promise<void>) => void
  /** The first connection. */
  store(): LogStore
  /** A second connection to the same data. */
  other(): LogStore
  connect(): Promise<LogStore>
}

/** Opens the subject's stores around the tests, and gives each test an opened queue. */
export function benchFor(subject: () => Promise<Subject>, runner: Runner): Bench {
  const stores: LogStore[] = []
  let made: Subject | undefined
  let queues = 0
  const connect = async () => {
    if (!made) throw new Error('the subject is not ready')
    const store = await made.connect()
    stores.push(store)
    return store
  }
  const at = (index: number): LogStore => {
    const store = stores[index]
    if (!store) throw new Error('the subject is not ready')
    return store
  }
  runner.beforeAll(async () => {
    made = await subject()
    await connect()
    await connect()
  })
  runner.afterAll(async () => {
    // The first is the last: an embedded database lives in the process that opened it first.
    for (const store of stores.toReversed()) await store.close()
    await made?.dispose?.()
  })
  return {
    it: (name, body) =>
      runner.it(name, async () => {
        const queue = `contract-${++queues}`
        await at(0).open(queue)
        await body(queue)
      }),
    store: () => at(0),
    other: () => at(1),
    connect,
  }
}
