/** Snapshots that were changed by hand: read with their digest, and compared with the log. */
import { describe, expect, it } from 'vitest'
import { keepSnapshot, ledgerNear, readSnapshot } from '../../../src/engine/coordinator/replica/snapshots.ts'
import { jobOf, type Ledger, type RecordedEvent, replay } from '../../../src/engine/core/index.ts'
import type { Pass } from '../../../src/engine/core/state/job.ts'
import { sha256, toHex, utf8 } from '../../../src/engine/events/index.ts'
import { queueIn } from '../../../src/engine/store/memory/database.ts'
import { memoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { examine } from '../../../src/tools/doctor/index.ts'
import { archive, snapshot, verify } from '../../../src/tools/history/index.ts'
import { join, memoryStore } from '../coordinator/support.ts'
import { account } from '../intake/support.ts'

type Database = ReturnType<typeof memoryDatabase>

/** A queue with a policy, running and waiting jobs, and a snapshot of each number in `at`. */
async function queueWith(at: readonly number[]) {
  const database = memoryDatabase()
  const store = memoryStore(database)
  const coordinator = await join({ store })
  await coordinator.setPolicy({ maxActive: null, capacity: { m: 1 }, maxOvertakes: 2 })
  await coordinator.enqueue(
    Array.from({ length: 250 }, (_, n) => ({ jobId: `job-${n}`, models: [n % 3 ? 'n' : 'm'] })),
  )
  await coordinator.claim({ max: 2, kinds: null })
  await coordinator.close()
  const { events } = await store.read('default', 0, 10_000)
  for (const seq of at) await keepSnapshot(store, 'default', folded(events, seq), { chunk: 2_000 })
  return { database, store, events }
}

const folded = (events: readonly RecordedEvent[], seq: number): Ledger => replay(events.slice(0, seq))

/** Changes the text of a snapshot, and with `isForged` its digest too. */
function change(database: Database, seq: number, from: string, to: string, isForged: boolean): void {
  const { chunks, snapshots } = queueIn(database, 'default')
  let hits = 0
  for (const chunk of chunks)
    if (chunk.seq === seq && chunk.body.includes(from)) {
      hits++
      Object.assign(chunk, { body: chunk.body.replace(from, to) })
    }
  expect(hits).toBeGreaterThan(0)
  const bodies = chunks.filter((chunk) => chunk.seq === seq).toSorted((a, b) => a.n - b.n)
  const digest = bodies.reduce((hash, { body }) => hash.update(utf8(`${body}\n`)), sha256()).digest()
  const kept = snapshots.find((one) => one.seq === seq)
  if (isForged && kept !== undefined)
    Object.assign(kept, { state: { ...(kept.state as object), digest: toHex(digest) } })
}

const capacity = ['"capacity":{"m":1}', '"capacity":{"m":5}'] as const

describe('a snapshot whose text was changed', () => {
  it('is passed over, and named by verify', async () => {
    const { database, store, events } = await queueWith([100, 200])
    change(database, 200, ...capacity, false)
    const skipped: unknown[] = []
    const near = await ledgerNear(store, 'default', null, (error) => skipped.push(error))
    expect([near.version, near.policy.capacity]).toEqual([100, { m: 1 }])
    expect(skipped).toMatchObject([{ code: 'corrupt_log', message: expect.stringContaining('digest') }])
    const { ok, firstBad, differences } = await verify({ store })
    expect([ok, firstBad]).toEqual([false, null])
    expect(differences).toMatchObject([{ row: 'job_queue_snapshots 200', field: '*' }])
    expect(events.length).toBeGreaterThan(250)
  })

  it('is found by verify although its digest fits', async () => {
    const { database, store } = await queueWith([100, 200])
    change(database, 200, ...capacity, true)
    expect((await ledgerNear(store, 'default', null, () => {})).policy.capacity).toEqual({ m: 5 })
    expect(await verify({ store })).toMatchObject({
      ok: false,
      differences: [
        { row: 'job_queue_snapshots 200', field: 'queue.1.policy.capacity.m', stored: 5, folded: 1 },
      ],
    })
  })

  it.each([
    ['a job that waits', '"job-100"', '"job-xyz"'],
    ['what a job needs', '["job-4",["n"]', '["job-4",["x"]'],
  ])('is found by verify: %s', async (_, from, to) => {
    const { database, store } = await queueWith([250])
    change(database, 250, from, to, true)
    const { ok, differences } = await verify({ store })
    expect([ok, differences.length, differences[0]?.row]).toEqual([false, 1, 'job_queue_snapshots 250'])
  })

  it('is not passed over if the log was cut there: nothing else is left', async () => {
    const { database, store } = await queueWith([100])
    await archive({ store }, { before: 100, keep: false })
    change(database, 100, ...capacity, false)
    await expect(ledgerNear(store, 'default', null, () => {})).rejects.toMatchObject({ code: 'corrupt_log' })
  })
})

it('on PostgreSQL: a model of capacity 1 gets no second job, and doctor and verify name the snapshot', async () => {
  const db = await account()
  const store = db.store()
  const first = await db.coordinator()
  await first.setPolicy({ maxActive: null, capacity: { m: 1 } })
  await first.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['m'] })))
  await first.close()
  await snapshot({ store })
  expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  await db.query(
    'update interlock.job_queue_snapshot_chunks set body = replace(body, \'"m":1}\', \'"m":5}\')',
  )
  const { findings } = await examine({ store }, { url: db.url })
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'snapshot', level: 'problem', what: expect.stringContaining('digest') }),
  )
  expect((await verify({ store })).differences).toMatchObject([{ field: '*' }])
  const next = await db.coordinator()
  expect(await next.claim({ max: 3, kinds: null })).toHaveLength(1)
})

/** A policy for loaded models; `b` was passed twice, its model is paused and resumed, and paused again in the end unless it waits in line. */
async function passedQueue(isInLine = false) {
  const database = memoryDatabase()
  const store = memoryStore(database)
  const coordinator = await join({ store })
  const warm = { maxPassed: 9, maxPassedSeconds: 600 }
  await coordinator.setPolicy({ maxActive: null, capacity: { '*': 9 }, warm })
  await coordinator.enqueue(
    ['a', 'b', 'a', 'a', 'a'].map((model, n) => ({ jobId: `${model}${n}`, models: [model] })),
  )
  const take = async () => (await coordinator.claim({ max: 1, kinds: null, keeps: 1 }))[0]
  for (const blinks of [false, true, false]) {
    const lease = await take()
    if (lease !== undefined) await coordinator.complete(lease.lease)
    if (blinks) await coordinator.pauseModel('b', { reason: 'maintenance' })
    if (blinks) await coordinator.resumeModel('b')
  }
  if (!isInLine) await coordinator.pauseModel('b', { reason: 'maintenance' })
  await coordinator.close()
  const { events } = await store.read('default', 0, 10_000)
  return { database, store, events }
}

const later = ({ at, position: place }: Pass): Pass => ({ at: at + 1, position: place })

it.each<[what: string, change: (passes: readonly Pass[]) => readonly Pass[]]>([
  ['fewer', (passes) => passes.slice(1)],
  ['none', () => []],
  ['others', (passes) => passes.map(later)],
  ['more', (passes) => [...passes, ...passes.map(later)]],
])('a snapshot with %s of the starts that passed a job is found by verify', async (_, change) => {
  const paused = await passedQueue()
  const outside = replay(paused.events)
  const b = jobOf(outside, 'b1') ?? expect.unreachable('b waits')
  const changed = change(b.passes ?? [])
  expect(b.passes?.length).toBe(2)
  const jobs = outside.jobs.insert({ ...b, passes: changed.length > 0 ? changed : null }, {})
  await keepSnapshot(paused.store, 'default', { ...outside, jobs })

  const waits = await passedQueue(true)
  const inLine = replay(waits.events)
  const own = [...inLine.classes].find(({ passes }) => passes.length === 2)
  if (own === undefined) expect.unreachable('b is in line')
  const classes = inLine.classes.insert({ ...own, passes: change(own.passes) }, {})
  await keepSnapshot(waits.store, 'default', { ...inLine, classes })

  for (const { store, events } of [paused, waits]) {
    const { ok, differences } = await verify({ store })
    expect([ok, differences.length]).toEqual([false, 1])
    expect(differences[0]).toMatchObject({
      row: `job_queue_snapshots ${events.length}`,
      field: expect.stringMatching(/^passes\.b1/),
    })
  }
})

it('a snapshot with another count of how often a job was overtaken is found by verify', async () => {
  const { store, events } = await passedQueue(true)
  const ledger = replay(events)
  const b = jobOf(ledger, 'b1') ?? expect.unreachable('b waits')
  await keepSnapshot(store, 'default', { ...ledger, jobs: ledger.jobs.insert({ ...b, overtaken: 7 }, {}) })
  expect(await verify({ store })).toMatchObject({
    ok: false,
    differences: [{ field: expect.stringMatching(/overtaken$/) }],
  })
})

describe('a snapshot that is right', () => {
  it('may know less than the log of what passed a job before that said that it stays: older releases forgot it when that left the line', async () => {
    const { database, store, events } = await passedQueue()
    const { log } = queueIn(database, 'default')
    const of = log.findIndex(({ type }) => type === 'policy_changed')
    const { passesStay: _, ...older } = log[of] as RecordedEvent & { type: 'policy_changed' }
    log[of] = older
    const ledger = replay(events)
    const b = jobOf(ledger, 'b1')
    expect(b?.passes?.length).toBe(2)
    const jobs = b === undefined ? ledger.jobs : ledger.jobs.insert({ ...b, passes: null }, {})
    await keepSnapshot(store, 'default', { ...ledger, jobs })
    expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  })

  it('may not know when a schedule was removed: older releases did not keep that', async () => {
    const store = memoryStore(memoryDatabase())
    const coordinator = await join({ store })
    await coordinator.schedules('o', [{ id: 's', every: '1h', job: { models: ['m'] } }])
    await coordinator.schedules('o', [])
    await coordinator.close()
    const ledger = replay((await store.read('default', 0, 10)).events)
    expect(ledger.unscheduled).toBeGreaterThan(0)
    await keepSnapshot(store, 'default', { ...ledger, unscheduled: undefined })
    expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  })

  it('is equal to the log at its number, whatever the size of its chunks', async () => {
    const { store } = await queueWith([1, 2, 100, 200, 250])
    expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  })

  it('of an older release, without a digest and in another order of its fields, is accepted', async () => {
    const { database, store, events } = await queueWith([200])
    const { snapshots, chunks } = queueIn(database, 'default')
    const [kept] = snapshots.filter((one) => one.seq === 200)
    const state = { ...(kept?.state as object), digest: undefined }
    Object.assign(kept ?? {}, { state: JSON.parse(JSON.stringify(state)) })
    for (const chunk of chunks) {
      const body = chunk.body.replace(/"version":200,"epoch":1/, '"epoch":1,"version":200')
      Object.assign(chunk, { body })
    }
    const read = await readSnapshot(store, 'default', kept ?? { seq: 200, state })
    expect(read.version).toBe(folded(events, 200).version)
    expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  })
})
