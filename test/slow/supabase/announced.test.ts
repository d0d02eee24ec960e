// Slow, waits 12 s: messages in so many milliseconds.
/** What is announced of a queue over Realtime, by the database and by those who append: enough, and not too much. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import type { Started } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { appendNow, queuedEvent } from '../../servers/contract/hand-made.ts'
import { type Project, startMigrated, storeOn, topicOf } from '../../servers/supabase/support.ts'
import { clientOf } from '../../support/supabase/project.ts'
import { atEnd, eventually } from '../../support/this-test.ts'

let project: Project
beforeAll(async () => {
  project = await startMigrated()
})
afterAll(() => project.close())

/** Longer than any test: nobody finds anything by asking. */
const NEVER = 3_600_000
const silent = { info: () => {}, warn: () => {}, error: () => {} }
const claim = { max: 1, kinds: null }
let queues = 0
const freshQueue = () => `announced-${++queues}`

async function coordinatorOn(store: LogStore, queue: string): Promise<Coordinator> {
  const times = { leaseMs: NEVER, pollMs: NEVER }
  const coordinator = await createCoordinator({ store, queue, logger: silent, ...times })
  atEnd(async () => {
    await coordinator.close()
    await store.close()
  })
  return coordinator
}

const join = (queue: string) => coordinatorOn(storeOn(project, { pollMs: NEVER }), queue)

interface Heard {
  readonly version: number
  readonly concerns: string
  /** Sent by the database; else by the process that appended. */
  readonly byDatabase: boolean
}

/** What a plain client hears. */
async function listenTo(queue: string): Promise<Heard[]> {
  const received: Heard[] = []
  const channel = clientOf(project, project.keys.secret)
    .channel(await topicOf(project, queue), { config: { private: true } })
    .on('broadcast', { event: 'wake' }, ({ payload }) =>
      received.push({
        version: payload.version,
        concerns: payload.concerns,
        byDatabase: 'direct' in payload,
      }),
    )
  await new Promise<void>((resolve) => channel.subscribe((status) => status === 'SUBSCRIBED' && resolve()))
  return received
}

const versionsIn = (received: readonly Heard[]) => received.map(({ version }) => version)

/** What the database announced itself, without leaving it to the process that appended. */
const announcedIn = (received: readonly Heard[]) =>
  versionsIn(received.filter(({ byDatabase }) => byDatabase))

/** The most that the database announces in such a time: one in 170 ms, and what is urgent up to 3 ahead of that. */
const mostWithin = (ms: number) => Math.ceil(ms / 170) + 1 + 3

describe.concurrent('the database', () => {
  it('sends a few messages a second at most', async () => {
    const queue = freshQueue()
    const received = await listenTo(queue)
    const store = storeOn(project, { wake: 'poll' })
    atEnd(() => store.close())
    const begun = performance.now()
    for (let n = 0; n < 40; n++) await appendNow(store, queue, [queuedEvent(`job-${n}`)])
    const most = mostWithin(performance.now() - begun)
    await eventually(() => received.length).toBeGreaterThan(0)
    expect(received.length).toBeLessThanOrEqual(most)
    // The last version is not told of; a process that heard the message before it looks again.
    const b = await join(queue)
    await eventually(() => b.state().version).toBe(40)
  })

  it('brings the events since the message before, so that others need not read', async () => {
    const queue = freshQueue()
    const one = await join(queue)
    await one.setPolicy('by-model')
    const store = storeOn(project, { pollMs: NEVER })
    let reads = 0
    const read: LogStore['read'] = (...args) => {
      reads++
      return store.read(...args)
    }
    const other = await coordinatorOn({ ...store, read }, queue)
    await eventually(() => other.state().version).toBe(one.state().version)
    await sleep(1_000)
    reads = 0
    for (let n = 0; n < 5; n++) {
      await one.enqueue([{ jobId: `job-${n}`, models: ['m'] }])
      await eventually(() => other.state().version).toBe(one.state().version)
    }
    expect(reads).toBe(0)
  })

  it('brings no events if they are too many, and they are read', async () => {
    const queue = freshQueue()
    const [one, other] = [await join(queue), await join(queue)]
    await one.enqueue(Array.from({ length: 100 }, (_, n) => ({ jobId: `job-${n}`, models: ['m'] })))
    await eventually(() => other.state().version).toBe(one.state().version)
  })

  it('sends to a topic that nobody can guess: a message of somebody else changes nothing', async () => {
    const queue = freshQueue()
    const [one, other] = [await join(queue), await join(queue)]
    const stranger = clientOf(project, project.keys.secret)
    const received: unknown[] = []
    const channel = stranger
      .channel(`interlock:${queue}`, { config: { private: true } })
      .on('broadcast', { event: '*' }, (message) => received.push(message))
    await new Promise<void>((resolve) => channel.subscribe((status) => status === 'SUBSCRIBED' && resolve()))
    await one.enqueue([{ jobId: 'a', models: ['m'] }])
    await eventually(() => other.state().version).toBe(one.state().version)
    expect(received).toEqual([])
  })

  it('announces at once what another process may wait for, and the rest in turns', async () => {
    const queue = freshQueue()
    const one = await join(queue)
    await one.setPolicy('by-model')
    await one.enqueue(['a', 'b', 'c', 'd', 'e'].map((jobId) => ({ jobId, models: ['m'] })))
    let [running] = await one.claim(claim)
    await sleep(1_000)
    const received = await listenTo(queue)
    const begun = performance.now()
    for (let n = 0; n < 4; n++) [running] = await one.complete((running as Started).lease, { claim })
    const turns = Math.ceil((performance.now() - begun) / 170)
    await one.enqueue([{ jobId: 'f', models: ['n'] }])
    const { version } = one.state()
    await eventually(() => announcedIn(received).at(-1)).toBe(version)
    // One of them goes ahead, and what puts a job in line.
    expect(announcedIn(received).length).toBeLessThanOrEqual(turns + 2)
  })

  it('announces at once that jobs were taken which others were told of', async () => {
    const queue = freshQueue()
    const one = await join(queue)
    await one.setPolicy('by-model')
    await sleep(1_000)
    const received = await listenTo(queue)
    // Almost three messages ahead already: an end has to wait.
    const ahead = () =>
      project.query(
        "update interlock.job_queue_heads set woken_at = clock_timestamp() + interval '500 milliseconds' where queue = $1",
        [queue],
      )
    await one.enqueue([{ jobId: 'a', models: ['m'] }])
    await ahead()
    const [running] = await one.claim(claim)
    const taken = one.state().version
    await eventually(() => announcedIn(received)).toContain(taken)
    await ahead()
    await one.complete((running as Started).lease)
    await one.enqueue([{ jobId: 'b', models: ['m'] }])
    await eventually(() => announcedIn(received)).toContain(taken + 2)
    expect(announcedIn(received)).not.toContain(taken + 1)
  })

  it('takes a large append for urgent unless it starts jobs', async () => {
    const many = (prefix: string) =>
      Array.from({ length: 30 }, (_, n) => ({ jobId: `${prefix}${n}`, models: [`m${n}`] }))
    /** False if the machine was so busy that the next turn had come before the start. */
    const isShown = async (): Promise<boolean> => {
      const queue = freshQueue()
      const one = await join(queue)
      await one.setPolicy('by-model')
      await one.enqueue(many('a'))
      const [running] = await one.claim({ max: 1, kinds: null })
      await sleep(1_000)
      const received = await listenTo(queue)
      await one.enqueue(many('b'))
      const queued = one.state().version
      await eventually(() => received).toContainEqual(
        expect.objectContaining({ version: queued, concerns: 'all' }),
      )
      // The next turn is not soon, and what is urgent may come before it.
      await project.query(
        "update interlock.job_queue_heads set woken_at = clock_timestamp() + interval '500 milliseconds' where queue = $1",
        [queue],
      )
      await one.complete((running as Started).lease, { claim: { max: 30, kinds: null } })
      const started = one.state().version
      const [row] = await project.query(
        'select woken_at > clock_timestamp() as is_ahead from interlock.job_queue_heads where queue = $1',
        [queue],
      )
      if (row?.['is_ahead'] !== true) return false
      await project.query(
        'update interlock.job_queue_heads set woken_at = clock_timestamp() where queue = $1',
        [queue],
      )
      await one.enqueue([{ jobId: 'c', models: ['c'] }])
      await eventually(() => versionsIn(received)).toContain(one.state().version)
      expect(announcedIn(received)).not.toContain(started)
      return true
    }
    while (!(await isShown()));
  })

  it('goes on announcing when its clock was set back', async () => {
    const queue = freshQueue()
    const one = await join(queue)
    const received = await listenTo(queue)
    await project.query(
      "update interlock.job_queue_heads set woken_at = now() + interval '1 hour' where queue = $1",
      [queue],
    )
    await one.enqueue([{ jobId: 'a', models: ['a'] }])
    await eventually(() => announcedIn(received)).toEqual([1])
  })

  it('announces an append over a connection, however many came over the API just before', async () => {
    const queue = freshQueue()
    const worker = await join(queue)
    await worker.setPolicy('by-model')
    const started = new Set<string>()
    const jobs = createJobWorker({
      coordinator: worker,
      concurrency: 10,
      handlers: { normal: ({ jobId }) => started.add(jobId) },
    })
    jobs.start()
    atEnd(async () => void (await jobs.drain()))
    const [far, direct] = [await join(queue), await coordinatorOn(postgresStore(project.databaseUrl), queue)]
    for (const burst of ['a', 'b', 'c']) {
      for (let n = 0; n < 4; n++) await far.enqueue([{ jobId: `${burst}${n}`, models: [`${burst}${n}`] }])
      await sleep(200)
      await direct.enqueue([{ jobId: burst, models: [burst] }])
      await eventually(() => started.has(burst), { timeout: 1_900, interval: 10 }).toBe(true)
    }
  })

  it('goes on when Realtime fails', async () => {
    const broken = await startMigrated()
    atEnd(() => broken.close())
    await broken.query('drop function realtime.send(jsonb, text, text, boolean)')
    const store = storeOn(broken, { wake: 'poll' })
    atEnd(() => store.close())
    expect(await appendNow(store, 'q', [queuedEvent('a')])).toMatchObject({ ok: true })
  })
})

it('database and processes together send a few messages a second, and all of it is heard of', async () => {
  const queue = freshQueue()
  const received = await listenTo(queue)
  const submitters = [await join(queue), await join(queue), await join(queue), await join(queue)]
  await sleep(1_000)
  received.splice(0)
  const begun = performance.now()
  const submit = async (coordinator: Coordinator, by: number) => {
    for (let n = 0; performance.now() - begun < 4_000; n++) {
      await coordinator.enqueue([{ jobId: `${by}-${n}`, models: [`m${by}`] }])
      await sleep(100 + Math.random() * 100)
    }
  }
  await Promise.all(submitters.map(submit))
  const most = mostWithin(performance.now() - begun)
  // An offer that runs out may still be written down.
  const newest = () => Math.max(...submitters.map((one) => one.state().version))
  await eventually(() => Math.max(...versionsIn(received)) - newest()).toBe(0)
  const byDatabase = announcedIn(received).length
  expect(byDatabase).toBeLessThanOrEqual(most)
  // They announce what the database has left out, when the rate is used up.
  expect(received.length - byDatabase).toBeLessThan(byDatabase / 2)
})
