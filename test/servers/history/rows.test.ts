/** Rows are compared and written in pages of a bounded size, exactly, while others append. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { JobRow } from '../../../src/engine/core/index.ts'
import type { LogStore, Projection, ProjectionFilter } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { rebuild, verify } from '../../../src/tools/history/index.ts'
import { status } from '../../../src/tools/operate/index.ts'

const JOBS = 12_000

async function longQueue(): Promise<{ readonly store: LogStore; readonly coordinator: Coordinator }> {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(() => coordinator.close())
  for (let at = 0; at < JOBS; at += 3_000) {
    await coordinator.enqueue(
      Array.from({ length: 3_000 }, (_, n) => ({ jobId: `job-${at + n}`, models: ['m'] })),
    )
    // A store in memory answers in the same turn: without this no heartbeat is sent for as long as all take.
    await setImmediate()
  }
  await coordinator.claim({ max: 1, kinds: null })
  return { store, coordinator }
}

/** The same store, of which pages are seen, or are other ones. */
function watched(
  store: LogStore,
  page: (rows: Projection, filter: ProjectionFilter) => Projection | Promise<Projection>,
) {
  const projection = () => Promise.reject(new Error('all rows were asked for at once'))
  return {
    ...store,
    projection,
    projectionPage: async (queue: string, filter: ProjectionFilter) => {
      const rows = await store.projectionPage(queue, filter)
      return rows === null ? null : page(rows, filter)
    },
  } satisfies LogStore
}

const without = ({ state, jobs }: Projection, jobId: string): Projection => ({
  ...{ state, jobs: jobs.filter((row) => row.job_id !== jobId) },
})

describe('verify', () => {
  it('compares every row, a page at a time', async () => {
    const { store } = await longQueue()
    const sizes: number[] = []
    const seen = watched(store, (page) => {
      sizes.push(page.jobs.length)
      return page
    })
    expect(await verify({ store: seen })).toMatchObject({ ok: true, jobs: JOBS, differences: [] })
    expect(Math.max(...sizes)).toBe(5_000)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(JOBS)
  })

  it('finds a row that is changed, one that is missing and one too much, in any page', async () => {
    const { store } = await longQueue()
    const changed = watched(store, ({ state, jobs }, filter) => {
      const rows = jobs.map((row): JobRow => (row.job_id === 'job-7000' ? { ...row, priority: 9 } : row))
      const isFirst = !('jobIds' in filter) && filter.after === null
      const [row] = rows
      const more = isFirst && row !== undefined ? [{ ...row, job_id: 'nobody' }] : []
      return without({ state, jobs: [...more, ...rows] }, 'job-11111')
    })
    const { ok, differences } = await verify({ store: changed })
    expect(ok).toBe(false)
    expect(differences).toEqual([
      { row: 'job_queue_jobs nobody', field: '*', stored: 'a row', folded: 'no row' },
      { row: 'job_queue_jobs job-7000', field: 'priority', stored: 9, folded: 0 },
      { row: 'job_queue_jobs job-11111', field: '*', stored: 'no row', folded: 'a row' },
    ])
  })

  it('is exact while jobs come and go between two pages', async () => {
    const { store, coordinator } = await longQueue()
    let pages = 0
    const busy = watched(store, async (page) => {
      pages++
      // Before the first page and after the last: rows that no page has, and rows that are gone.
      await coordinator.enqueue([
        { jobId: `a-${pages}`, models: ['n'] },
        { jobId: `z-${pages}`, models: ['n'] },
      ])
      await coordinator.cancel(`job-${pages}`)
      return page
    })
    const versions: number[] = []
    const see = ({ seq }: { readonly seq: number }) => void versions.push(seq)
    const found = await verify({ store: busy }, { alsoSee: see })
    expect(found).toMatchObject({ ok: true, differences: [], firstBad: null })
    expect(pages).toBeGreaterThan(3)
    expect(versions).toEqual(Array.from({ length: found.version }, (_, n) => n + 1))
  })
})

describe('rebuild', () => {
  it('writes what is wrong in parts, each at the version of its own moment, while others append', async () => {
    const { store, coordinator } = await longQueue()
    const whole = await store.projection('default')
    const wrong = (whole?.jobs ?? []).filter((_, n) => n % 4 === 0).map((row) => row.job_id)
    const { version } = coordinator.state()
    // As if somebody had deleted these rows by hand.
    await store.rebuild('default', version, () => ({
      ...{ state: whole?.state ?? never(), jobs: [], jobIds: wrong },
    }))
    let parts = 0
    const busy: LogStore = {
      ...watched(store, (page) => page),
      rebuild: async (queue, since, rowsAt) => {
        await coordinator.enqueue([{ jobId: `more-${++parts}`, models: ['n'] }])
        return store.rebuild(queue, since, (view) => {
          const rows = rowsAt(view)
          expect(rows.jobs.length).toBeLessThanOrEqual(1_000)
          return rows
        })
      },
    }
    expect(await rebuild({ store: busy })).toMatchObject({ removed: 0, written: wrong.length, outer: 0 })
    expect(parts).toBe(1 + Math.ceil(wrong.length / 1_000))
    expect(await verify({ store })).toMatchObject({ ok: true, jobs: JOBS + parts })
    expect(await rebuild({ store })).toMatchObject({ removed: 0, written: 0 })
  })
})

describe('status', () => {
  it('asks for those that run alone', async () => {
    const { store } = await longQueue()
    const sizes: number[] = []
    const seen = watched(store, (page) => {
      sizes.push(page.jobs.length)
      return page
    })
    expect(await status({ store: seen })).toMatchObject({ activeCount: 1, waitingCount: JOBS - 1 })
    expect(sizes).toEqual([1])
  })
})

const never = (): never => {
  throw new Error('the queue has a row')
}
