// Slow: kills the server three times under load.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { allEnded, attemptsOf, judge, scene, startWorker } from '../../servers/process/support.ts'
import { startPostgres } from '../../support/postgres.ts'

describe('a server that is killed under load', () => {
  it('comes back with everything that was acknowledged, and workers go on by themselves', async () => {
    await using server = await startPostgres({ fsync: true })
    const { coordinator, store } = await scene(server.url)
    await coordinator.setPolicy('by-model')
    await Promise.all(
      [1, 2].map(() => startWorker(server.url, { concurrency: 4, leaseMs: 8_000, graceMs: 500 })),
    )
    const acknowledged: string[] = []
    const load = (async () => {
      for (let n = 0; n < 150; n++) {
        const jobId = `job-${n}`
        await coordinator.enqueue([{ jobId, models: [`model-${n % 8}`], attempts: 5, payload: { ms: 20 } }])
        acknowledged.push(jobId)
        await sleep(20)
      }
    })()
    for (const some of [35, 70, 105]) {
      await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(some)
      await server.kill()
      await server.restart()
    }
    await load
    await allEnded(coordinator)
    const { events, violations, verified } = await judge(store)
    expect({ violations, verified }).toEqual({ violations: [], verified: true })
    expect(attemptsOf(events).open).toEqual([])
    const ended = new Set(events.flatMap((event) => (event.type === 'completed' ? [event.jobId] : [])))
    expect(acknowledged.filter((jobId) => !ended.has(jobId))).toEqual([])
    expect(acknowledged).toHaveLength(150)
  })
})
