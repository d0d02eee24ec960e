// Slow, waits 34 s: kills and pauses workers, and waits for their leases.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import {
  allEnded,
  attemptsOf,
  endOf,
  judge,
  overlaps,
  scene,
  startWorker,
} from '../../servers/process/support.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { eventually } from '../../support/this-test.ts'

const models = Array.from({ length: 8 }, (_, n) => `model-${n}`)

/** 100 jobs on 8 models, every fourth on two of them. */
const jobs = Array.from({ length: 100 }, (_, n) => ({
  jobId: `job-${n}`,
  models: n % 4 === 0 ? [models[n % 8] ?? '', models[(n + 3) % 8] ?? ''] : [models[n % 8] ?? ''],
  attempts: 100,
  payload: { ms: 250 },
}))

describe.concurrent.each([
  ['with notifications', 'on'],
  ['without notifications', 'off'],
])('workers that are killed, %s', (_, notify) => {
  it('lose no job and double none: all end, and every attempt is accounted for', async () => {
    const { url, client, coordinator, store } = await scene()
    await client.query(`alter database "${client.database}" set interlock.notify = '${notify}'`)
    await coordinator.setPolicy('by-model')
    const workers = await Promise.all([1, 2, 3, 4].map(() => startWorker(url)))
    await coordinator.enqueue(jobs)
    const replaced: Promise<unknown>[] = []
    for (let kills = 0; kills < 6; kills++) {
      await sleep(Math.random() * 300)
      const victim = await busyOne(workers, coordinator)
      victim.child.kill('SIGKILL')
      expect(await victim.ended).toBe('SIGKILL')
      workers.splice(workers.indexOf(victim), 1)
      replaced.push(startWorker(url).then((worker) => workers.push(worker)))
    }
    await Promise.all(replaced)
    await allEnded(coordinator)
    const { events, violations, verified } = await judge(store)
    expect(violations).toEqual([])
    expect(verified).toBe(true)
    const { open, ends } = attemptsOf(events)
    expect(open).toEqual([])
    expect(ends['completed']).toBe(jobs.length)
    // The faults did happen: killed workers held jobs.
    expect(ends['lease_expired']).toBeGreaterThanOrEqual(6)
    // Handlers of one model never overlapped, in wall-clock time.
    expect(await overlaps(client)).toBe(0)
  })
})

/** Each waits for a lease to run out, and asks the same of other moments. */
const ROUNDS = runs(4)

describe('a worker that is paused past its lease', () => {
  it('is refused when it goes on, and nothing is released twice', { timeout: 2 * PATIENCE }, async () => {
    // They only wait, so two databases wait at the same time.
    await Promise.all([pausedAgainAndAgain(), pausedAgainAndAgain()])
  })
})

describe.concurrent('a worker that dies', () => {
  it('has its models free when its lease has run out: the sweep of another worker ends it', async () => {
    const { url, coordinator, store } = await scene()
    const [holder] = [await startWorker(url, { concurrency: 1 })]
    await coordinator.enqueue([
      { jobId: 'held', models: ['m'], payload: { ms: 60_000 }, attempts: 1 },
      { jobId: 'next', models: ['m'] },
    ])
    await eventually(() => coordinator.state().active()[0]?.workerId, { timeout: 10_000 }).toBe(
      holder.workerIds[0],
    )
    const heir = await startWorker(url)
    holder.child.kill('SIGKILL')
    await allEnded(coordinator)
    const { events } = await judge(store)
    const story = events.flatMap((event) =>
      'jobId' in event && !/^(queued|blocked)$/.test(event.type) ? [`${event.type} ${event.jobId}`] : [],
    )
    expect(story).toEqual(['started held', 'lease_expired held', 'started next', 'completed next'])
    expect(await coordinator.data(['next'])).toMatchObject([{ result: { by: heir.child.pid } }])
  })

  it('and whose job kills every worker: the job stops after its attempts, others go on', async () => {
    const { url, coordinator, store } = await scene()
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([
      { jobId: 'poison', models: ['a'], attempts: 3, payload: { act: 'die' } },
      ...[1, 2, 3].map((n) => ({ jobId: `fine-${n}`, models: ['b'], attempts: 9, payload: { ms: 50 } })),
    ])
    const isOver = async () => (await coordinator.explain('poison'))?.state === 'ended'
    while (!(await isOver())) {
      // Whose end is certain needs no long lease.
      const { child } = await startWorker(url, { concurrency: 1, leaseMs: 600, graceMs: 200 })
      // One that a busy machine starves loses an attempt before it can die of it.
      await Promise.race([endOf(child), eventually(isOver, { timeout: PATIENCE }).toBe(true)])
    }
    await startWorker(url)
    await allEnded(coordinator)
    const { events, violations } = await judge(store)
    expect(violations).toEqual([])
    const story = events.flatMap((event) =>
      'jobId' in event && event.jobId === 'poison' ? [event.type] : [],
    )
    expect(story.filter((type) => type === 'started')).toHaveLength(3)
    expect(story.filter((type) => type === 'lease_expired')).toHaveLength(3)
    expect(story.at(-1)).toBe('lease_expired')
    expect(attemptsOf(events).ends).toMatchObject({ completed: 3 })
  })

  it('leaves a checkpoint: the next attempt looks the run up in place of starting another one', async () => {
    const { url, coordinator, client } = await scene()
    const first = await startWorker(url)
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], payload: { act: 'look_up', ms: 60_000 } }])
    const noted = async () => (await coordinator.data(['A']))[0]?.checkpoint
    await eventually(noted, { timeout: 10_000 }).toEqual({ externalId: 'run-A' })
    first.child.kill('SIGKILL')
    await startWorker(url)
    await allEnded(coordinator)
    expect(await coordinator.data(['A'])).toMatchObject([{ result: { found: { externalId: 'run-A' } } }])
    expect((await client.query('select from runs')).rowCount).toBe(2)
  })
})

async function pausedAgainAndAgain(): Promise<void> {
  const { url, coordinator, store, client } = await scene()
  await coordinator.setPolicy('by-model')
  await client.query('create table told (job_id text)')
  const workers = [await startWorker(url, { concurrency: 1 }), await startWorker(url, { concurrency: 1 })]
  for (let round = 1; round <= ROUNDS; round++) {
    const jobId = `round-${round}`
    await coordinator.enqueue([
      { jobId, models: ['m'], attempts: 3, payload: { act: 'until_told' } },
      { jobId: `${jobId}-next`, models: ['m'], attempts: 3 },
    ])
    await eventually(() => coordinator.state().active()[0]?.jobId, { timeout: 10_000 }).toBe(jobId)
    const holder = coordinator.state().active()[0]?.fencingToken
    const paused = await holderOf(workers, jobId, client)
    paused?.kill('SIGSTOP')
    await eventually(() => coordinator.state().active()[0]?.fencingToken, { timeout: 10_000 }).not.toBe(
      holder,
    )
    await client.query('insert into told values ($1)', [jobId])
    paused?.kill('SIGCONT')
    await allEnded(coordinator)
  }
  const { events, violations, verified } = await judge(store)
  expect(violations).toEqual([])
  expect(verified).toBe(true)
  const { open, ends } = attemptsOf(events)
  expect(open).toEqual([])
  expect(ends['completed']).toBe(2 * ROUNDS)
  expect(ends['lease_expired']).toBeGreaterThanOrEqual(ROUNDS)
}

type Worker = Awaited<ReturnType<typeof startWorker>>

/** One that holds a job at this moment, chosen at random. */
async function busyOne(workers: readonly Worker[], coordinator: Coordinator): Promise<Worker> {
  for (let tries = 0; tries < 3_000; tries++) {
    const holders = new Set(
      coordinator
        .state()
        .active()
        .map(({ workerId }) => workerId),
    )
    const busy = workers.filter(({ workerIds }) => workerIds.some((id) => holders.has(id)))
    const one = busy[Math.floor(Math.random() * busy.length)]
    if (one !== undefined) return one
    await sleep(10)
  }
  throw new Error('no worker holds a job')
}

/** The process whose handler has written down that it runs this job. */
async function holderOf(workers: readonly Worker[], jobId: string, client: pg.Client) {
  for (let tries = 0; tries < 1_000; tries++) {
    const { rows } = await client.query<{ pid: number }>('select pid from runs where job_id = $1', [jobId])
    const found = workers.find(({ child }) => child.pid === rows[0]?.pid)
    if (found !== undefined) return found.child
    await sleep(5)
  }
  throw new Error(`nobody ran ${jobId}`)
}
