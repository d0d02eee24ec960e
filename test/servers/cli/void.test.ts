import path from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { keepSnapshot } from '../../../src/engine/coordinator/replica/snapshots.ts'
import {
  type CommandBody,
  decide,
  emptyLedger,
  type Ledger,
  projectionChanges,
} from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { expectReadable } from '../../support/readable.ts'
import { documentOf, emptyQueue, rowsOf } from './history.ts'
import { interlock, temporaryFolder } from './support.ts'

const QUEUE = 'default'

/** A process with a defect: what it decides goes into the log unchecked, and it goes on with what it wrote. */
class UncheckedProcess {
  readonly #store: LogStore
  #ledger: Ledger = emptyLedger
  #commands = 0
  constructor(store: LogStore) {
    this.#store = store
  }

  async does(body: CommandBody): Promise<void> {
    const [{ now }] = [await this.#store.rows(QUEUE, 0, 1)]
    const claim = body.type === 'claim' ? { claim: { max: 10, kinds: null } } : {}
    const command = { id: `unchecked.${this.#commands++}`, hash: 1, workerId: 'unchecked', body, ...claim }
    const decision = decide(this.#ledger, [command], { now, deadWorkers: new Set() })
    expect(decision.results).toMatchObject([{ ok: true }])
    const changes = projectionChanges(this.#ledger, decision.ledger, decision.touched)
    const { version: expectedVersion } = this.#ledger
    const { events } = decision
    expect((await this.#store.append({ queue: QUEUE, expectedVersion, events, changes })).ok).toBe(true)
    this.#ledger = decision.ledger
  }

  /** What it keeps for processes that start later. */
  snapshot = () => keepSnapshot(this.#store, QUEUE, this.#ledger)
}

const spec = (jobId: string, models: readonly string[] = [jobId]) => ({
  ...({ jobId, jobType: 'normal', kind: 'normal', models, priority: 0, runAt: null } as const),
  ...{ attempts: 3, timeoutMs: 3_600_000, expireMs: null, fairKey: null },
})

/** 9999-12-31, in microseconds. */
const NEVER = 253_402_214_400_000_000

/** Leaves a log with events that nobody can read. Returns how long it is. */
async function leaveUnreadable(store: LogStore): Promise<number> {
  const process = new UncheckedProcess(store)
  const beat = {
    workerId: 'unchecked',
    kinds: null,
    freeSlots: 9,
    release: 'none',
    ttlMs: 60_000,
    graceMs: 0,
  }
  await store.beat({ queue: QUEUE, ...beat })
  const { policy } = emptyLedger
  await process.does({ type: 'set_policy', policy: { ...policy, maxActive: null } })
  await process.does({
    type: 'enqueue',
    specs: [spec('later'), spec('code'), spec('ends'), spec('runs'), spec('moved', ['ends'])],
  })
  await process.does({ type: 'claim' })
  const fail = { type: 'fail', token: null, code: 'handler_error' } as const
  await process.does({ ...fail, jobId: 'later', retryAt: NEVER })
  await process.does({ ...fail, jobId: 'code', code: 'E_TIMEOUT' as 'timed_out', retryAt: null })
  await process.does({ type: 'reprioritize', jobId: 'moved', priority: Number.NaN })
  await process.snapshot()
  // What nobody else sees any more: it has ended, and another one has started.
  await process.does({ type: 'complete', jobId: 'ends', token: null })
  await process.does({ type: 'enqueue', specs: [spec('after')] })
  return (await store.rows(QUEUE, 0, 1)).version
}

describe('interlock recover --void (voidUnreadable, job_queue_voided): a log with events that nobody can read', () => {
  let url = ''
  let store: ReturnType<typeof postgresStore>
  let length = 0

  beforeAll(async () => {
    url = await emptyQueue()
    store = postgresStore(url)
    length = await leaveUnreadable(store)
    return () => store.close()
  })

  const opens = async () => {
    const coordinator = await createCoordinator({ store: postgresStore(url), logger: silentLogger })
    const state = coordinator.state()
    await coordinator.close()
    return state
  }

  it('are named and shown by recover, which changes nothing', async () => {
    await expect(opens()).rejects.toMatchObject({ code: 'corrupt_log' })
    const { code, stdout } = await interlock(['recover', '--json', '--url', url])
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      unreadable: [
        {
          ...{ type: 'requeued', jobId: 'later', why: expect.stringContaining('event.data.run_at') },
          ...{ data: { reason: 'retry', run_at: NEVER }, becomes: 'it waits in line' },
        },
        {
          ...{ type: 'failed', jobId: 'code', why: expect.stringContaining('event.data.code') },
          ...{ data: { code: 'E_TIMEOUT' }, becomes: 'it is active: say how it ended' },
        },
        { type: 'reprioritized', jobId: 'moved', becomes: 'it waits in line' },
      ],
      voided: [],
    })
    const text = await interlock(['recover', '--url', url])
    expect(text.stdout).toContain('npx interlock-queue recover --void')
    expect((await store.rows(QUEUE, 0, 1)).version).toBe(length)
  })

  it('are void after recover --void, and everybody goes on', async () => {
    const voided = await documentOf(url, ['recover', '--void'])
    expect(voided).toMatchObject({ epoch: 2, status: 'draining', unreadable: [] })
    expect(voided.voided.map(({ jobId }: { jobId: string }) => jobId)).toEqual(['later', 'code', 'moved'])
    // Of the job that was running nobody knows the end, nor of the one whose end is void.
    const doubtful: readonly string[] = voided.doubtful.map(({ jobId }: { jobId: string }) => jobId)
    expect([...doubtful].sort()).toEqual(['code', 'runs'])
    expect((await opens()).waitingCount).toBe(3)
    await expectReadable(store, QUEUE)
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, differences: [], firstBad: null })
    const ends = ['--requeue', 'runs', '--fail', 'code']
    expect(await documentOf(url, ['recover', ...ends])).toMatchObject({ doubtful: [] })
    expect(await documentOf(url, ['resume'])).toMatchObject({ waitingCount: 4 })
    expect(await documentOf(url, ['dead'])).toMatchObject([{ jobId: 'code', code: 'unknown_end' }])
  })

  it('stand in the log as they were written, and nothing that was made of them is left', async () => {
    const { rows } = await store.rows(QUEUE, 0, 1_000)
    const marks = rows.filter((row) => (row as { event_type: string }).event_type === 'voided')
    // In the place of each, and where they were declared void.
    expect(marks.map((row) => (row as { schema_version: number }).schema_version)).toEqual(Array(6).fill(2))
    expect(await store.snapshot(QUEUE, null)).toBeNull()
    // Releases that do not know `voided` are kept out.
    expect(await rowsOf(url, 'select min_reader from interlock.job_queue_heads')).toEqual([{ min_reader: 2 }])
  })

  it('are read so by every way to read the log', async () => {
    expect(await documentOf(url, ['replay', '--to', String(length)])).toMatchObject({ activeCount: 2 })
    expect((await documentOf(url, ['log', '--limit', '1000'])).length).toBeGreaterThan(length)
    expect(await documentOf(url, ['rebuild'])).toMatchObject({ written: 0 })
    await documentOf(url, ['snapshot'])
    expect((await opens()).waitingCount).toBe(4)
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
    expect(await documentOf(url, ['audit'])).toMatchObject({ violations: [] })
    expect((await interlock(['recover', '--void', '--url', url])).code).toBe(0)
  })
})

describe('events that nobody can read, on a hash chain and archived to files', () => {
  it.each([
    ['with what says that they are void', (_: number, version: number) => [version - 2]],
    ['before what says that they are void', (length: number) => [length]],
    ['in two files', (length: number, version: number) => [length - 3, version - 1]],
  ])('are read as they are to be read: %s', async (_, cutsOf) => {
    const url = await emptyQueue()
    const store = postgresStore(url)
    onTestFinished(() => store.close())
    await documentOf(url, ['chain', '--start'])
    const length = await leaveUnreadable(store)
    await documentOf(url, ['recover', '--void'])
    await documentOf(url, ['recover', '--requeue', 'runs', '--fail', 'code'])
    await documentOf(url, ['resume'])
    const log = await documentOf(url, ['log', '--limit', '1000'])
    const folder = await temporaryFolder()
    const words: string[] = []
    for (const [n, cut] of cutsOf(length, log.length).entries()) {
      const file = path.join(folder, `${n}.jsonl.gz`)
      await documentOf(url, ['archive', '--before', String(cut), '--to', file])
      words.push('--from-archive', file)
    }
    expect(await documentOf(url, ['log', '--limit', '1000', ...words])).toEqual(log)
    expect(await documentOf(url, ['verify', ...words])).toMatchObject({
      ok: true,
      fromSeq: 1,
      firstBad: null,
    })
    expect(await documentOf(url, ['audit', ...words])).toMatchObject({ violations: [] })
    expect(await documentOf(url, ['rebuild', ...words])).toMatchObject({ written: 0, fromSeq: 1 })
  })
})

it('verify and recover find that the very first event is unreadable, and say the way out', async () => {
  const url = await emptyQueue()
  const store = postgresStore(url)
  onTestFinished(() => store.close())
  const process = new UncheckedProcess(store)
  await process.does({ type: 'enqueue', specs: [{ ...spec('x'), priority: Number.NaN }, spec('y')] })
  await process.does({ type: 'enqueue', specs: [spec('z')] })
  const run = async (...words: string[]) => interlock([...words, '--url', url])
  const verified = await run('verify')
  expect(verified).toMatchObject({ code: 3, stdout: expect.stringContaining('interlock-queue recover,') })
  expect((await run('recover')).stdout).toContain('npx interlock-queue recover --void')
  expect((await run('recover', '--void')).code).toBe(0)
  expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
})
