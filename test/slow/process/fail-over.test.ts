// Slow, 15 s: kills the primary under load, and promotes the standby.
import { describe, expect, it } from 'vitest'
import { verify } from '../../../src/tools/history/index.ts'
import { allEnded, attemptsOf, judge } from '../../servers/process/support.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { loaded, type Scene } from './fail-over.ts'

/** `PROPERTY_TIMES=7` kills the primary 21 times. */
const KILLS = runs(3)

/** What must be true at the end of each, and what the workers printed meanwhile. */
async function wellEnded({ producer, coordinator, store, stop, overlaps, began }: Scene) {
  await producer.stop()
  await allEnded(coordinator)
  const printed = await stop()
  expect(producer.failed).toEqual([])
  const { events, violations, verified } = await judge(store)
  expect({ violations, verified }).toEqual({ violations: [], verified: true })
  expect(await verify({ store })).toMatchObject({ ok: true })
  const completed = new Set(events.flatMap((event) => (event.type === 'completed' ? [event.jobId] : [])))
  const lost = new Set(producer.acknowledged.filter((jobId) => !completed.has(jobId)))
  const told = events.filter((event) => 'jobId' in event && lost.has(event.jobId))
  expect({ lost: [...lost], told, printed: lost.size > 0 ? printed : [] }).toEqual({
    lost: [],
    told: [],
    printed: [],
  })
  // No lease ran out and no handler failed, so each job ran once. A start whose payload could not be read goes back to the line.
  const { open, ends } = attemptsOf(events)
  expect(open).toEqual([])
  expect(events.filter((event) => event.type === 'failed' && event.final)).toEqual([])
  expect({ ...ends, failed: 0 }).toEqual({ completed: completed.size, failed: 0 })
  expect(await overlaps()).toEqual([])
  expect(await began()).toBe(completed.size)
  return printed
}

describe('a primary that is killed under load', () => {
  it('is followed by its synchronous standby: workers go on, nothing that was acknowledged is lost, no handlers overlap', {
    timeout: 2 * PATIENCE,
  }, async () => {
    const scene = await loaded({ synchronous: true })
    const { pair, producer } = scene
    const gaps: number[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      await producer.more(20)
      producer.takeGap()
      await pair.kill()
      const killed = performance.now()
      await pair.promote()
      const promotedMs = performance.now() - killed
      await producer.more(10)
      gaps.push(Math.round(producer.takeGap() - promotedMs))
      // Nobody follows the last one.
      if (kill < KILLS - 1) await pair.rejoin()
    }
    const printed = await wellEnded(scene)
    report('kill', gaps, printed)
  })
})

describe('a planned switchover under load', () => {
  it('fails no command, and no line but those of it is printed', async () => {
    const scene = await loaded({ synchronous: false, workers: 2 })
    const { pair, producer } = scene
    await producer.more(20)
    producer.takeGap()
    await pair.switchOver()
    await producer.more(20)
    const gaps = [producer.takeGap()]
    const printed = await wellEnded(scene)
    report('switchover', gaps, printed)
    for (const text of printed) {
      const lines = text.split('\n').filter((line) => line.startsWith('[COORDINATOR]'))
      expect(lines.filter((line) => line.includes('is used from here on'))).toHaveLength(1)
      expect(lines.length).toBeLessThanOrEqual(4)
    }
  })
})

describe('a standby that had not heard of everything', () => {
  it('is found out when it takes over: the workers stop, and the queue is held', {
    timeout: 2 * PATIENCE,
  }, async () => {
    for (let round = 0; round < Math.ceil(KILLS / 3); round++) {
      const { pair, producer, workers } = await loaded({ synchronous: false, workers: 2 })
      await producer.more(20)
      await pair.cutOff()
      await producer.more(20)
      await pair.kill()
      await pair.promote()
      for (const { ended } of workers) {
        const { code, stderr } = await ended
        expect(stderr).toContain('error (log_went_back)')
        expect(code).toBe(1)
      }
      await producer.stop()
      expect(producer.failed[0]).toMatchObject({ code: 'log_went_back' })
    }
  })
})

/** `FAIL_OVER_REPORT=1` shows how long nothing was acknowledged after the promotion, and what a worker printed. */
function report(what: string, gaps: readonly number[], printed: readonly string[]): void {
  if (process.env['FAIL_OVER_REPORT'] === undefined) return
  const ofCoordinator = printed.map((text) =>
    text
      .split('\n')
      .filter((line) => !line.startsWith('[WORKER]'))
      .join('\n'),
  )
  process.stderr.write(
    `${what}: ${gaps.length} times, ${Math.max(...gaps)} ms at most: ${gaps.join(', ')}\n${ofCoordinator.join('\n--\n')}\n`,
  )
}
