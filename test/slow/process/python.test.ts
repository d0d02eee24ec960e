// Slow, waits 15 s: kills workers in Python; needs psycopg.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type pg from 'pg'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  allEnded,
  attemptsOf,
  endOf,
  judge,
  overlaps,
  scene,
  shortLease,
  startWorker,
} from '../../servers/process/support.ts'
import { pythonPrograms, pythonWithPsycopg } from '../../support/python.ts'

let python: string
let programs: string
beforeAll(() => {
  python = pythonWithPsycopg()
  programs = pythonPrograms()
}, 180_000)

function startPython(url: string): ChildProcess {
  const env = { ...process.env, DATABASE_URL: url, LEASE_SECONDS: String(shortLease.leaseMs / 1_000) }
  const child = spawn(python, [path.join(programs, 'worker.py')], {
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const models = Array.from({ length: 6 }, (_, n) => `model-${n}`)
const jobs = Array.from({ length: 120 }, (_, n) => ({
  job_id: `job-${n}`,
  models: n % 4 === 0 ? [models[n % 6], models[(n + 1) % 6]] : [models[n % 6]],
  attempts: 100,
  payload: { ms: 200 },
}))

describe('two workers in Python and two in Node', { timeout: 120_000 }, () => {
  it('share a queue, and are killed at random: nothing overlaps, nothing is lost', async () => {
    const { url, client, coordinator, store } = await scene()
    await coordinator.setPolicy('by-model')
    const startNode = async () => (await startWorker(url, { concurrency: 1 })).child
    const workers = [await startNode(), await startNode(), startPython(url), startPython(url)]
    const { rows } = await client.query('select job_queue_submit($1)', [JSON.stringify(jobs)])
    expect(rows).toHaveLength(1)
    for (let kills = 0; kills < 4; kills++) {
      const inPython = kills % 2 === 0
      const victim = await busyOne(client, inPython ? workers.slice(2) : workers.slice(0, 2))
      victim.kill('SIGKILL')
      expect(await endOf(victim)).toBe('SIGKILL')
      workers.splice(workers.indexOf(victim), 1, inPython ? startPython(url) : await startNode())
      await sleep(Math.random() * 300)
    }
    await allEnded(coordinator, 90_000)
    const { events, violations, verified } = await judge(store)
    expect(violations).toEqual([])
    expect(verified).toBe(true)
    const { open, ends } = attemptsOf(events)
    expect(open).toEqual([])
    expect(ends['completed']).toBe(jobs.length)
    expect(ends['lease_expired']).toBeGreaterThanOrEqual(2)
    expect(await overlaps(client)).toBe(0)
    const results = (await coordinator.data(jobs.map((job) => job.job_id))).map(({ result }) => result)
    const byPython = results.filter((result) => (result as { by: unknown }).by === 'python').length
    expect(byPython).toBeGreaterThan(0)
    expect(byPython).toBeLessThan(jobs.length)
  })
})

/** One of these that has begun a job and not ended it: then a kill hits something. */
async function busyOne(client: pg.Client, workers: readonly ChildProcess[]): Promise<ChildProcess> {
  for (const giveUp = performance.now() + 30_000; performance.now() < giveUp; await sleep(10)) {
    const { rows } = await client.query(
      'select pid from runs where ended_at is null order by began_at desc limit 8',
    )
    const busy = workers.find(({ pid }) => rows.some((row) => row.pid === pid))
    if (busy !== undefined) return busy
  }
  throw new Error('nobody has begun a job')
}

describe('a program in Python', () => {
  it('asks at the gate and waits for its turn', { timeout: 30_000 }, async () => {
    const { url, client, coordinator } = await scene()
    await coordinator.onJobStart('node', 'normal', ['flux-dev'])
    const program = promisify(execFile)(python, [path.join(programs, 'gate.py')], {
      env: { ...process.env, DATABASE_URL: url },
    })
    await expect.poll(() => coordinator.state().waitingCount, { timeout: 10_000 }).toBe(1)
    await coordinator.onJobComplete('node', 'normal')
    expect((await program).stdout).toBe("True ['flux-dev']\n")
    const { rows } = await client.query(`select data from job_queue_log where event_type = 'worker_serves'`)
    expect(rows).toEqual([{ data: { keeps: 2 } }])
    await coordinator.catchUp()
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 0 })
  })
})
