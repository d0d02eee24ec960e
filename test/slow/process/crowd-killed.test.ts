// Slow, 20 s: kills a worker with a hundred slots again and again.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { allEnded, attemptsOf, judge, scene, startWorker } from '../../servers/process/support.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { eventually } from '../../support/this-test.ts'

/** `PROPERTY_TIMES=16` makes 128 of them. */
const ROUNDS = runs(8)
const JOBS = 300

it('a worker that decides its next append ahead is killed at any moment: no job is lost, none ends twice', {
  timeout: 4 * PATIENCE,
}, async () => {
  const { url, coordinator, store } = await scene()
  await coordinator.setPolicy('by-model')
  const started = () => startWorker(url, { concurrency: 100, leaseMs: 900, graceMs: 200, pollMs: 100 })
  let worker = await started()
  for (let round = 0; round < ROUNDS; round++) {
    await coordinator.enqueue(
      Array.from({ length: JOBS }, (_, n) => ({
        jobId: `job-${round}-${n}`,
        models: [],
        attempts: 100,
        payload: { ms: n % 5 },
      })),
    )
    await eventually(() => coordinator.state().activeCount, { timeout: PATIENCE }).toBeGreaterThan(0)
    await sleep(Math.random() * 400)
    worker.child.kill('SIGKILL')
    expect(await worker.ended).toBe('SIGKILL')
    worker = await started()
  }
  await allEnded(coordinator, PATIENCE)
  const { events, violations, verified } = await judge(store)
  expect(violations).toEqual([])
  expect(verified).toBe(true)
  const { open, ends } = attemptsOf(events)
  expect(open).toEqual([])
  expect(ends['completed']).toBe(ROUNDS * JOBS)
  const ended = new Set(events.flatMap((event) => (event.type === 'completed' ? [event.jobId] : [])))
  expect(ended.size).toBe(ROUNDS * JOBS)
  // The faults did happen: killed workers had jobs.
  expect(ends['lease_expired']).toBeGreaterThan(ROUNDS)
})
