import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { PATIENCE, runs } from '../support/runs.ts'
import { slowLink } from '../support/slow-link.ts'
import { allEnded, attemptsOf, judge, overlaps, scene, startWorker } from './support.ts'

/** A worker behind a link of its own, which may lose replies. */
async function workerOn(url: string) {
  const link = await slowLink(url)
  return { link, ...(await startWorker(link.url, { concurrency: 8 })) }
}

type Worker = Awaited<ReturnType<typeof workerOn>>

/** What may happen to the combiner. Returns the process that goes on in its place. */
const accidents = {
  'is killed': async (victim: Worker, url: string) => {
    victim.child.kill('SIGKILL')
    await victim.ended
    return workerOn(url)
  },
  'is paused, past its time or its lease': async (victim: Worker, _url: string, round: number) => {
    victim.child.kill('SIGSTOP')
    await sleep(round % 2 === 0 ? 400 : 2_000)
    victim.child.kill('SIGCONT')
    return victim
  },
  'does not get the replies to what it has committed': async (victim: Worker) => {
    victim.link.cuts++
    return victim
  },
} as const

/** Jobs that end as soon as they begin: all workers have something to append at once. */
const jobsOf = (round: number) =>
  Array.from({ length: 120 }, (_, n) => ({
    jobId: `job-${round}-${n}`,
    models: [`model-${n % 40}`],
    attempts: 100,
    payload: { ms: n % 3 },
  }))

/** The worker that combines just now. */
async function combinerAmong(workers: readonly Worker[], client: pg.Client): Promise<Worker | undefined> {
  const { rows } = await client.query<{ combiner: string }>(
    'select combiner from job_queue_combiners where combiner is not null',
  )
  return workers.find(({ workerIds }) => rows.some(({ combiner }) => workerIds.includes(combiner)))
}

/** Waits for one, as long as there is work. */
async function nextCombiner(workers: readonly Worker[], client: pg.Client): Promise<Worker | undefined> {
  for (let looks = 0; looks < 400; looks++) {
    const combiner = await combinerAmong(workers, client)
    if (combiner !== undefined) return combiner
    await sleep(2)
  }
  return undefined
}

describe('the combiner (job_queue_combiners)', () => {
  it.each(Object.entries(accidents))(
    '%s: no command is lost or done twice, and no two jobs hold a model',
    async (accident, happen) => {
      const { url, client, coordinator, store } = await scene()
      await coordinator.setPolicy('by-model')
      const workers = await Promise.all([1, 2, 3].map(() => workerOn(url)))
      let met = 0
      for (let round = 0; round < runs(3); round++) {
        await coordinator.enqueue(jobsOf(round))
        const victim = await nextCombiner(workers, client)
        if (victim !== undefined) {
          met++
          workers.splice(workers.indexOf(victim), 1, await happen(victim, url, round))
        }
        await allEnded(coordinator)
      }
      const { events, violations, verified } = await judge(store)
      expect({ violations, verified }).toEqual({ violations: [], verified: true })
      const { open, ends } = attemptsOf(events)
      expect(open).toEqual([])
      expect(ends['completed']).toBe(runs(3) * 120)
      // A handler that was paused for longer than its lease goes on for a moment: what it writes is fenced off by its token.
      if (!accident.startsWith('is paused')) expect(await overlaps(client)).toBe(0)
      expect(met).toBeGreaterThan(0)
    },
    3 * PATIENCE,
  )
})
