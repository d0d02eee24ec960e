// Slow, waits 27 s: ends threads that loop, use up their memory or exit, and waits for time limits.
/** Handlers in real threads: what they are given, and that what ends them harms nothing else. */
import diagnostics from 'node:diagnostics_channel'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { inThread, type ThreadOptions } from '../../../src/engine/threads/index.ts'
import type { JobWorkerOptions } from '../../../src/engine/worker/index.ts'
import { join, log, memoryStore, stopped, storyOf, work } from '../../servers/worker/support.ts'
import { createDatabase } from '../../support/postgres-database.ts'

const file = new URL('./handler-child.ts', import.meta.url)

/** The threads that are made from now on. */
function threadsMade(): Worker[] {
  const made: Worker[] = []
  const see = (message: unknown) => void made.push((message as { worker: Worker }).worker)
  diagnostics.subscribe('worker_threads', see)
  onTestFinished(() => void diagnostics.unsubscribe('worker_threads', see))
  return made
}

async function threaded(options: Partial<JobWorkerOptions> = {}, limits: ThreadOptions = {}) {
  const store = memoryStore()
  const made = threadsMade()
  const handlers = { normal: inThread(file, limits), ...options.handlers }
  const worked = await work({ retry: { baseMs: 0 }, ...options, handlers }, { store })
  const { coordinator } = worked
  await coordinator.setPolicy('by-model')
  const ended = async (jobId: string, end: string) => {
    await expect.poll(async () => storyOf(await log(store), jobId).at(-1), { timeout: 30_000 }).toBe(end)
    const [data] = await coordinator.data([jobId])
    return data
  }
  const enqueue = (way: string, also: object = {}) =>
    coordinator.enqueue([{ jobId: way, models: [way], payload: { way }, attempts: 1, ...also }])
  return { ...worked, store, made, ended, enqueue }
}

const isOver = ({ threadId }: Worker) => threadId === -1

describe('inThread: a handler in a thread', () => {
  it('is given the job and its lease, and what it returns is the result', async () => {
    const { enqueue, ended } = await threaded()
    await enqueue('tell')
    expect((await ended('tell', 'completed'))?.result).toEqual({
      jobId: 'tell',
      attempt: 1,
      payload: { way: 'tell' },
      checkpoint: null,
      fence: '0000000001.0000000000000003',
      fencingToken: 3,
      epoch: 1,
      isMainThread: false,
    })
  })

  it('beats, notes its progress, and leaves a checkpoint for the next attempt', async () => {
    const { enqueue, ended, store } = await threaded()
    const note = vi.spyOn(store, 'note')
    await enqueue('note', { attempts: 2 })
    expect((await ended('note', 'completed'))?.result).toEqual({ step: 7 })
    expect(JSON.stringify(note.mock.calls)).toContain('{"percent":50}')
  })

  it('hears the signal with its reason', async () => {
    const { enqueue, ended, coordinator, made } = await threaded()
    await enqueue('late')
    await expect.poll(() => coordinator.state().active().length).toBe(1)
    await expect.poll(() => made.length).toBe(1)
    await coordinator.cancel('late')
    expect((await ended('late', 'completed'))?.result).toEqual({
      why: 'cancel_requested',
      name: 'AttemptStopped',
      message: 'the attempt of job late has to stop: cancel_requested',
    })
  })

  it('that throws the reason of its signal is cancelled', async () => {
    const { enqueue, ended, coordinator } = await threaded()
    await enqueue('wait')
    await expect.poll(() => coordinator.state().active().length).toBe(1)
    await coordinator.cancel('wait')
    await ended('wait', 'cancelled')
  })

  it('fails with its own error, whose name, code, stack and cause are there', async () => {
    const errors: unknown[] = []
    const retry = (_: number, error: unknown) => {
      errors.push(error)
      return 3_600_000
    }
    const { enqueue, ended } = await threaded({ retry })
    await enqueue('fails', { attempts: 2 })
    await ended('fails', 'requeued')
    expect(errors[0]).toMatchObject({
      ...{ name: 'TypeError', message: 'bad pixel', code: 'E_PIXEL', cause: { message: 'lens' } },
      stack: expect.stringContaining('handler-child.ts'),
    })
  })

  it('says by the errors of this package that another attempt is useless, or comes later', async () => {
    const { enqueue, ended, store } = await threaded()
    await enqueue('final', { attempts: 3 })
    expect((await ended('final', 'failed non_retryable'))?.error).toMatchObject({ message: 'never' })
    await enqueue('later')
    await ended('later', 'requeued')
    expect((await log(store)).at(-1)).toMatchObject({ reason: 'later', models: ['other'] })
    await enqueue('text')
    expect((await ended('text', 'failed handler_error'))?.error).toMatchObject({ message: 'a text' })
  })

  it('ends its job in a transaction that it has open in its thread', async () => {
    const url = await createDatabase('threads', 'migrated')
    const store = postgresStore(url)
    onTestFinished(() => store.close())
    const { coordinator } = await work(
      { handlers: { normal: inThread(file) }, retry: { baseMs: 3_600_000 } },
      { store },
    )
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue(
      [true, false].map((commit) => ({
        jobId: String(commit),
        models: [String(commit)],
        payload: { way: 'complete', url, commit },
      })),
    )
    const storyEnd = async (jobId: string) => storyOf(await log(store), jobId).at(-1)
    await expect.poll(() => storyEnd('true'), { timeout: 30_000 }).toBe('completed')
    await expect.poll(() => storyEnd('false'), { timeout: 30_000 }).toBe('requeued')
    expect((await coordinator.data(['true']))[0]?.result).toEqual({ written: true })
    expect(storyOf(await log(store), 'false').at(-2)).toBe('failed completion_rolled_back')
  })

  it('adds jobs to its flow, and is told of its parents', async () => {
    const { coordinator, ended } = await threaded()
    await coordinator.enqueue([
      { jobId: 'add', models: ['add'], payload: { way: 'add' } },
      { jobId: 'parents', models: ['parents'], payload: { way: 'parents' }, after: ['add'] },
    ])
    const parents = (await ended('parents', 'completed'))?.result
    expect((await ended('add', 'completed'))?.result).toBe(1)
    expect(parents).toEqual(
      expect.arrayContaining([
        { jobId: 'add', outcome: 'completed', result: null },
        { jobId: 'page', outcome: 'completed', result: null },
      ]),
    )
  })

  it('detaches', async () => {
    const { enqueue, coordinator, worker } = await threaded()
    await enqueue('detach')
    await expect.poll(() => worker.metrics().detached).toBe(1)
    expect(coordinator.state().active()).toMatchObject([{ jobId: 'detach' }])
  })
})

describe('what cannot leave its thread is named by its path', () => {
  it.each([
    ['result', 'failed non_retryable', 'result.a[1].b: is of type function'],
    ['bad', 'failed handler_error', 'progress.deep[0].at: is of type symbol'],
    ['wide', 'failed handler_error', 'note.progress: has 100,002 bytes'],
  ])('%s', async (way, end, message) => {
    const { enqueue, ended } = await threaded()
    await enqueue(way)
    expect((await ended(way, end))?.error).toMatchObject({ message: expect.stringContaining(message) })
  })

  it('a payload that a schema made', async () => {
    const schema = z.object({ way: z.string() }).transform(({ way }) => ({ way, on: { call: () => way } }))
    const { enqueue, ended } = await threaded({ handlers: { normal: { schema, run: inThread(file) } } })
    await enqueue('tell')
    expect((await ended('tell', 'failed non_retryable'))?.error).toMatchObject({
      message: expect.stringContaining('payload.on.call: is of type function'),
    })
  })
})

describe('what ends a thread harms no other attempt and no lease', () => {
  /** One more job runs in a thread meanwhile, and one on the main thread. */
  async function beside(way: string, also: object = {}) {
    const others = { main: (_: unknown, { signal }: { signal: AbortSignal }) => stopped(signal) }
    const limits = { resourceLimits: { maxOldGenerationSizeMb: 24 } }
    const asked = await threaded({ concurrency: 3, handlers: { ...others } }, limits)
    await asked.enqueue('wait')
    await asked.coordinator.enqueue([{ jobId: 'main', kind: 'main', models: ['main'] }])
    await expect.poll(() => asked.coordinator.state().active().length).toBe(2)
    await asked.enqueue(way, also)
    return asked
  }
  const othersRun = (asked: Awaited<ReturnType<typeof beside>>) =>
    expect(
      asked.coordinator
        .state()
        .active()
        .map(({ jobId }) => jobId)
        .sort(),
    ).toEqual(['main', 'wait'])

  it.each([
    ['exit', 'failed thread_exited', 'exit code 3'],
    ['fill', 'failed out_of_memory', 'memory limit of its thread'],
    ['uncaught', 'failed handler_error', 'from a timer'],
  ])('%s', async (way, end, message) => {
    const asked = await beside(way)
    expect((await asked.ended(way, end))?.error).toMatchObject({ message: expect.stringContaining(message) })
    othersRun(asked)
  })

  it('an endless loop is ended by the time limit, before the end of its attempt is told', async () => {
    const asked = await beside('loop', { timeoutMs: 1_000 })
    const unfinished: boolean[] = []
    asked.coordinator.heard$.subscribe((event) => {
      if (event.type === 'failed') unfinished.push(asked.made.filter(isOver).length === 1)
    })
    await asked.ended('loop', 'failed timed_out')
    expect(unfinished).toEqual([true])
    othersRun(asked)
  })

  it('while a thread is in an endless loop, the process beats and other jobs come and go', async () => {
    const asked = await beside('loop')
    const beat = vi.spyOn(asked.store, 'beat')
    await asked.coordinator.cancel('wait')
    await asked.ended('wait', 'cancelled')
    await asked.enqueue('tell')
    await asked.ended('tell', 'completed')
    await expect.poll(() => beat.mock.calls.length, { timeout: 30_000 }).toBeGreaterThan(1)
    await asked.coordinator.cancel('loop', { force: true })
    await expect.poll(() => asked.made.filter(isOver).length).toBe(1)
  })
})

describe('threads', () => {
  it('are used again, and end with the drain of their worker', async () => {
    const { enqueue, ended, made, worker } = await threaded()
    await enqueue('tell')
    await ended('tell', 'completed')
    await enqueue('fails')
    await ended('fails', 'failed handler_error')
    expect(made.length).toBe(1)
    expect(made.filter(isOver)).toEqual([])
    await worker.drain()
    expect(made.filter(isOver)).toEqual(made)
  })

  it('end at the deadline of a drain, also in an endless loop; the attempt is given back', async () => {
    const { enqueue, coordinator, made, worker } = await threaded()
    await enqueue('loop')
    await expect.poll(() => made.length).toBe(1)
    expect(await worker.drain({ timeoutMs: 0, stopMs: 0 })).toEqual({ finished: 0, givenBack: 1 })
    expect(made.every(isOver)).toBe(true)
    expect(coordinator.state().waitingCount).toBe(1)
  })

  it('end when the coordinator is closed without a drain', async () => {
    const made = threadsMade()
    const coordinator = await join()
    const { worker } = await work({ coordinator, handlers: { normal: inThread(file) } })
    await coordinator.enqueue([{ jobId: 'tell', models: ['m'], payload: { way: 'tell' } }])
    await expect.poll(() => worker.metrics().completed).toBe(1)
    await coordinator.close()
    await expect.poll(() => made.map(isOver)).toEqual([true])
  })
})

describe('a file', () => {
  function written(name: string, code: string): URL {
    const folder = mkdtempSync(path.join(tmpdir(), 'interlock-thread-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(path.join(folder, name), code)
    return pathToFileURL(path.join(folder, name))
  }

  it('that is not there is refused at once, with what to write', () => {
    expect(() => inThread('./none.js')).toThrow(/^file: there is no .*none\.js; .*new URL/)
  })

  it('may be of CommonJS, and be named by a path', async () => {
    const url = written('handler.cjs', 'module.exports = (job) => job.jobId')
    const { coordinator, worker } = await work({ handlers: { normal: inThread(url.pathname) } })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    await expect.poll(() => worker.metrics().completed).toBe(1)
  })

  it.each([
    ['export const handler = () => 1', 'its default export is no function; write: export default'],
    ['throw new Error("no camera")', 'no camera'],
  ])('that cannot be used fails the attempt: %s', async (code, message) => {
    const made = threadsMade()
    const { coordinator, worker } = await work({
      handlers: { normal: inThread(written('handler.mjs', code)) },
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], attempts: 1 }])
    await expect.poll(() => worker.metrics().failed).toBe(1)
    const [data] = await coordinator.data(['A'])
    expect(data?.error).toMatchObject({ message: expect.stringContaining(message) })
    await expect.poll(() => made.every(isOver)).toBe(true)
  })
})
