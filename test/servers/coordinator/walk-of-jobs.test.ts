/** A walk through the list of jobs, page by page: the queue is folded once, and each page shows what has happened since. */
import { expect, it } from 'vitest'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { jobs } from '../../../src/tools/operate/index.ts'
import { join, memoryStore } from './support.ts'

const many = Array.from({ length: 1_200 }, (_, n) => `j${String(n).padStart(4, '0')}`)

/** A line of 1,200 jobs, and a store over it that counts the events it is asked for. */
async function lineOfMany(prefix = '') {
  const store = memoryStore()
  const coordinator = await join({ store })
  await coordinator.enqueue(many.map((jobId) => ({ jobId: prefix + jobId, models: ['m'] })))
  let events = 0
  const read: LogStore['read'] = async (...asked) => {
    const page = await store.read(...asked)
    events += page.events.length
    return page
  }
  const counted: LogStore = { ...store, read }
  const count = () => {
    const since = events
    events = 0
    return since
  }
  return { coordinator, store: counted, count, version: () => coordinator.state().version }
}

const page = async (store: LogStore, from?: string | null) => {
  const found = await jobs({ store }, { limit: 100, from: from ?? undefined })
  return { ...found, ids: found.jobs.map(({ jobId }) => jobId) }
}

it('reads the log once, then only what is new', async () => {
  const { coordinator, store, count, version } = await lineOfMany()
  const first = await page(store)
  expect([first.total, first.ids]).toEqual([1_200, many.slice(0, 100)])
  expect(count()).toBeGreaterThan(1_200)
  const second = await page(store, first.next)
  expect(second.ids).toEqual(many.slice(100, 200))
  expect(count()).toBeLessThanOrEqual(2)
  const before = version()
  await coordinator.cancel('j0203')
  const third = await page(store, second.next)
  expect([third.total, third.ids]).toEqual([1_199, many.slice(200, 301).filter((id) => id !== 'j0203')])
  expect(count()).toBeLessThanOrEqual(2 + version() - before)
})

it('folds anew in a log that was restored meanwhile', async () => {
  const { store } = await lineOfMany()
  const restored = await lineOfMany('r')
  const { next } = await page(store)
  Object.assign(store, { read: restored.store.read })
  // All of them came later than the jobs of the first page.
  expect((await page(store, next)).ids).toEqual(many.slice(0, 100).map((jobId) => `r${jobId}`))
})
