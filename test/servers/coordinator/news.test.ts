/** Events that come with the notification of their append are folded without a read, but only where they go on exactly. */
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LogStore, News, OnWake } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { connection, migratedDatabase } from '../contract/support.ts'
import { join } from './support.ts'

const never = () => expect.unreachable()
const HOUR = 3_600_000

/** The same store, and how often it was read from. */
function counting<Store extends LogStore>(store: Store) {
  let reads = 0
  const read: LogStore['read'] = (...args) => {
    reads++
    return store.read(...args)
  }
  const forget = () => {
    reads = 0
  }
  return { store: { ...store, read }, reads: () => reads, forget }
}

/** Closed with the test. */
function openedAt(url: string) {
  const store = postgresStore(url)
  onTestFinished(() => store.close())
  return store
}

describe('over PostgreSQL', () => {
  it('a small append of another process is folded without a read, a large one is read', async () => {
    const url = await migratedDatabase()
    const { store, reads, forget } = counting(openedAt(url))
    const other = await join({ store: openedAt(url), pollMs: HOUR })
    const here = await join({ store, pollMs: HOUR })
    onTestFinished(() => Promise.all([other.close(), here.close()]).then(() => {}))
    await other.setPolicy('by-model')
    await expect.poll(() => here.state().version).toBe(other.state().version)
    forget()
    await other.enqueue([{ jobId: 'one', models: ['m'], payload: { text: 'für Dich' } }])
    await expect.poll(() => here.state().waitingCount).toBe(1)
    const [started] = await here.claim({ max: 1, kinds: null })
    expect((await here.dataOf((started ?? never()).lease))?.payload).toEqual({ text: 'für Dich' })
    expect(reads()).toBe(0)
    await other.enqueue(Array.from({ length: 30 }, (_, n) => ({ jobId: `many-${n}`, models: ['m'] })))
    await expect.poll(() => here.state().waitingCount).toBe(30)
    expect(reads()).toBeGreaterThan(0)
  })

  it('the channel of a queue has a name that nobody can guess, and each queue its own', async () => {
    const url = await migratedDatabase()
    const store = openedAt(url)
    for (const queue of ['default', 'other']) await store.open(queue)
    const { rows } = await (await connection(url)).query('select channel from interlock.job_queue_heads')
    const names = new Set(rows.map(({ channel }) => channel))
    expect(names.size).toBe(2)
    for (const name of names) expect(name).toMatch(/^interlock_[0-9a-f]{32}$/)
  })
})

describe('what a process is told', () => {
  /** A coordinator on a store whose wake-ups are the test's, after one append by itself and one by somebody else. */
  async function behindByOne() {
    const inner = memoryStore()
    let tell: OnWake = never
    const { store, reads, forget } = counting({
      ...inner,
      listen: async (_queue: string, onWake: OnWake) => {
        tell = onWake
        return async () => {}
      },
    })
    const here = await join({ store, pollMs: HOUR })
    await here.enqueue([{ jobId: 'mine', models: ['m'] }])
    const after = here.state().version
    const { events: own } = await inner.read('default', 0, after)
    const at = own.at(-1)?.at ?? never()
    const other = await join({ store: inner, pollMs: HOUR })
    await other.enqueue([{ jobId: 'theirs', models: ['m'] }])
    const { events, version, epoch } = await inner.read('default', after, 100)
    const news: News = { after, at, version, epoch, events: () => events }
    forget()
    const waiting = () => here.state().waitingCount
    return {
      waiting,
      reads,
      news,
      own,
      tell: (told: News) => tell({ type: 'appended', version: told.version, concern: 'all', news: told }),
      catchUp: () => here.catchUp(),
    }
  }

  it('is folded when it goes on exactly, and what asks for all there is reads all the same', async () => {
    const { waiting, reads, news, tell, catchUp } = await behindByOne()
    tell(news)
    await expect.poll(waiting).toBe(2)
    expect(reads()).toBe(0)
    tell(news)
    await catchUp()
    expect(reads()).toBe(1)
    expect(waiting()).toBe(2)
  })

  it('is folded from where it goes beyond what is known', async () => {
    const { waiting, reads, news, tell, own } = await behindByOne()
    tell({ ...news, after: 0, at: 0, events: () => [...own, ...news.events()] })
    await expect.poll(waiting).toBe(2)
    expect(reads()).toBe(0)
  })

  it('is read if it goes beyond what is known but has another event there', async () => {
    const { waiting, reads, news, tell, own } = await behindByOne()
    const others = own.map((event) => ({ ...event, at: event.at + 1 }))
    tell({ ...news, after: 0, at: 0, events: () => [...others, ...news.events()] })
    await expect.poll(waiting).toBe(2)
    expect(reads()).toBe(1)
  })

  const wrong: Readonly<Record<string, (news: News) => News>> = {
    'of another log, by the time of the event before': (news) => ({ ...news, at: news.at + 1 }),
    'of another epoch': (news) => ({ ...news, epoch: news.epoch + 1 }),
    'with an event missing at the end': (news) => ({ ...news, events: () => news.events().slice(0, -1) }),
    'that begins later': (news) => ({ ...news, after: news.after + 1 }),
    'with other numbers': (news) => ({
      ...news,
      events: () => news.events().map((event) => ({ ...event, seq: event.seq + 1 })),
    }),
    'that is no list of events': (news) => ({
      ...news,
      events: () => {
        throw new Error('not to be read')
      },
    }),
  }
  it.each(Object.entries(wrong))('%s, is not folded but read', async (_what, spoil) => {
    const { waiting, reads, news, tell } = await behindByOne()
    tell(spoil(news))
    await expect.poll(waiting).toBe(2)
    expect(reads()).toBe(1)
  })
})
