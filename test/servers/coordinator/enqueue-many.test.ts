/** A thousand jobs in one call: all or none, in parts, on a real server and embedded. */
import { describe, expect, it, vi } from 'vitest'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { payloadHash } from '../../../src/engine/events/index.ts'
import type { AppendAnswer, LogStore } from '../../../src/engine/store/index.ts'
import { pgliteStore } from '../../../src/engine/store/pglite/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { atEnd } from '../../support/this-test.ts'
import { join } from './support.ts'

const COUNT = 1_200
const payloadOf = (n: number) => ({ n, prompt: 'a fox in the snow, from above' })
const jobsOf = (prefix: string, more: (n: number) => object = () => ({})) =>
  Array.from({ length: COUNT }, (_, n) => ({
    jobId: `${prefix}-${n}`,
    models: [],
    payload: payloadOf(n),
    ...more(n),
  }))

/** Payloads that are sent ahead of their append, in parts. */
const long = (n: number) => ({ payload: { n, prompt: 'x'.repeat(400) } })

const stores = {
  'on PostgreSQL': async () => postgresStore(await createDatabase('many', 'migrated')),
  embedded: async () => pgliteStore('memory://'),
}

/** What the log says of the jobs that were put in line, and that it is sound. */
async function queuedIn(store: LogStore) {
  expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  expect((await auditLog({ store })).violations).toEqual([])
  const { events } = await store.read('default', 0, 10_000)
  return events.flatMap((event) => (event.type === 'queued' ? [event] : []))
}

async function begun(open = stores['on PostgreSQL']) {
  const store = await open()
  atEnd(() => store.close())
  return store
}

describe('1,200 jobs in one call', () => {
  it.each(Object.entries(stores))(
    'come into line in their order, each with its payload, %s',
    async (_, open) => {
      const store = await begun(open)
      const coordinator = await join({ store })
      const { queued, known, jobs } = await coordinator.enqueue(jobsOf('job'))
      expect([queued, known.length, jobs.length]).toEqual([COUNT, 0, COUNT])
      const events = await queuedIn(store)
      expect(events.map(({ jobId }) => jobId)).toEqual(jobsOf('job').map(({ jobId }) => jobId))
      expect(new Set(events.map(({ commandId }) => commandId)).size).toBe(5)
      expect(events.map(({ spec }) => spec.payloadHash)).toEqual(
        events.map((_event, n) => payloadHash(payloadOf(n))),
      )
      // As many as one look takes.
      const ids = events.slice(0, 1_000).map(({ jobId }) => jobId)
      expect((await store.data('default', ids)).map(({ payload }) => payload)).toEqual(
        ids.map((_id, n) => payloadOf(n)),
      )
      // Again: all of them are there already.
      const again = await coordinator.enqueue(jobsOf('job'))
      expect([again.queued, again.known.length]).toEqual([0, COUNT])
    },
  )

  it('are all refused when one of them is', async () => {
    const store = await begun()
    const coordinator = await join({ store })
    await coordinator.enqueue([{ jobId: 'job-999', models: [], payload: 'another' }])
    const { version } = await store.read('default', 0, 1)
    await expect(coordinator.enqueue(jobsOf('job'))).rejects.toMatchObject({ code: 'job_exists' })
    expect((await store.read('default', 0, 1)).version).toBe(version)
  })

  it('keep their ids, their keys and what they come after', async () => {
    const store = await begun()
    const coordinator = await join({ store })
    const call = () =>
      coordinator.enqueue(
        jobsOf('job', (n) => {
          if (n % 4 === 1) return { once: '1h' }
          if (n % 4 === 2) return { dedupe: { key: `key-${n % 8}`, while: 'waiting' } }
          return n % 4 === 3 ? { after: [`job-${n - 3}`] } : {}
        }),
      )
    const { queued, jobs } = await call()
    // Of 300 jobs with one of two keys, two are in line.
    expect(queued).toBe(902)
    expect(jobs.filter(({ standsFor }) => standsFor !== undefined)).toHaveLength(298)
    expect(jobs[998]).toEqual({ jobId: 'job-998', standsFor: 'job-6' })
    const events = await queuedIn(store)
    expect(events).toHaveLength(902)
    await coordinator.cancel('job-1')
    const again = await coordinator.enqueue([{ ...jobsOf('job')[1], once: '1h' } as never])
    expect(again).toMatchObject({ queued: 0, known: ['job-1'] })
    const first = (await coordinator.claim({ max: 1 }))[0] ?? expect.unreachable()
    expect(first.spec.jobId).toBe('job-0')
    expect((await coordinator.explain('job-3'))?.code).toBe('waits_for_parents')
  })

  it('stay in their order when another process is faster, and no part of their payloads is sent ahead again', async () => {
    const store = await begun()
    const other = await join({ store })
    const stage = vi.spyOn(store, 'stage')
    let raced = false
    const append: LogStore['append'] = async (request) => {
      if (!raced && request.events.length >= 50) {
        raced = true
        await other.enqueue(jobsOf('theirs').slice(0, 500))
      }
      return store.append(request)
    }
    const coordinator = await join({ store: { ...store, append } })
    expect(await coordinator.enqueue(jobsOf('ours', long))).toMatchObject({ queued: COUNT })
    const events = await queuedIn(store)
    expect(events.map(({ jobId }) => jobId)).toEqual(
      ['theirs', 'ours'].flatMap((whose) =>
        jobsOf(whose)
          .slice(0, whose === 'theirs' ? 500 : COUNT)
          .map(({ jobId }) => jobId),
      ),
    )
    expect(raced).toBe(true)
    const sent = stage.mock.calls.flatMap(([, , data]) => data.map(({ jobId }) => jobId))
    expect(sent).toEqual(jobsOf('ours').map(({ jobId }) => jobId))
    expect(stage.mock.calls.length).toBeGreaterThan(1)
  })

  it('of two processes at the same moment come in side by side, each in its order', async () => {
    const store = await begun()
    const both = { one: await join({ store }), two: await join({ store }) }
    await Promise.all(
      Object.entries(both).map(([name, coordinator]) => coordinator.enqueue(jobsOf(name, long))),
    )
    const ids = (await queuedIn(store)).map(({ jobId }) => jobId)
    for (const whose of ['one', 'two'])
      expect(ids.filter((jobId) => jobId.startsWith(whose))).toEqual(jobsOf(whose).map(({ jobId }) => jobId))
    const data = await store.data('default', ['one-999', 'two-0'])
    expect(data.map(({ payload }) => payload)).toEqual([long(999).payload, long(0).payload])
  })

  it('are in line once when the answer of a part is lost, and the call says the same', async () => {
    const store = await begun()
    let lost: AppendAnswer | undefined
    const append: LogStore['append'] = async (request) => {
      const answer = await store.append(request)
      if (!answer.ok || lost !== undefined || request.events.length < 50) return answer
      lost = answer
      throw new InterlockError('store_unavailable', 'the answer is lost')
    }
    const coordinator = await join({ store: { ...store, append } })
    const { queued, known, jobs } = await coordinator.enqueue(jobsOf('job'))
    expect([queued, known.length, jobs.length]).toEqual([COUNT, 0, COUNT])
    expect(lost).toMatchObject({ ok: true })
    expect(await queuedIn(store)).toHaveLength(COUNT)
  })
})
