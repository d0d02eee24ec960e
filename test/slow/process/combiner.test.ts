// Slow, 40 s: kills and pauses the combiner.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { allEnded, attemptsOf, judge, overlaps, scene, startWorker } from '../../servers/process/support.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { slowLink } from '../../support/slow-link.ts'
import { longestWaits, noteWaits, repeat, steal } from './published-waits.ts'

/** A worker behind a link of its own, which may lose replies. */
async function workerOn(url: string) {
  const link = await slowLink(url)
  return { link, ...(await startWorker(link.url, { concurrency: 8 })) }
}

type Worker = Awaited<ReturnType<typeof workerOn>>

/** A round under way: the combiner of the moment, and all workers, among which another may take its place. */
interface Round {
  readonly number: number
  readonly victim: Worker
  readonly workers: Worker[]
  readonly url: string
  readonly client: pg.Client
  /** Aborted when every job has ended. */
  readonly end: AbortSignal
}

/** Something that happens to the combiner, or to what it and the others tell each other. Returns how often it happened. */
type Accident = (round: Round) => Promise<number>

async function again(end: AbortSignal, work: () => Promise<number>): Promise<number> {
  let count = 0
  for (; !end.aborted; await sleep(2)) count += await work()
  return count
}

const notified =
  (times: 0 | 2): Accident =>
  async ({ workers, end }) => {
    const links = workers.map(({ link }) => link)
    const before = links.map(({ changed }) => changed)
    for (const link of links) link.notifications = times
    await new Promise((resolve) => {
      if (end.aborted) resolve(undefined)
      else end.addEventListener('abort', resolve)
    })
    for (const link of links) link.notifications = 1
    return links.reduce((sum, { changed }, i) => sum + changed - (before[i] ?? 0), 0)
  }

const single = {
  'the combiner is killed': async ({ victim, workers, url }) => {
    victim.child.kill('SIGKILL')
    await victim.ended
    workers.splice(workers.indexOf(victim), 1, await workerOn(url))
    return 1
  },
  'the combiner is paused, past its time or its lease': async ({ victim, number }) => {
    victim.child.kill('SIGSTOP')
    await sleep(number % 2 === 0 ? 400 : 2_000)
    victim.child.kill('SIGCONT')
    return 1
  },
  'the combiner does not get the replies to what it has committed': async ({ victim, end }) =>
    again(end, async () => {
      if (Math.random() > 0.02) return 0
      victim.link.cuts++
      return 1
    }),
  'no notification arrives': notified(0),
  'each notification arrives twice': notified(2),
  'rows of published commands are stolen': ({ client, end }) => again(end, () => steal(client)),
  'commands that were carried out are published again': ({ client, end }) => again(end, () => repeat(client)),
} satisfies Record<string, Accident>

/** One thing after the other happens to the combiner, while messages are lost or doubled, and rows come and go. */
const all: Accident = async (round) => {
  const those = Object.values<Accident>(single)
  const chosen = [those[round.number % 3], those[3 + (round.number % 2)], ...those.slice(5)]
  const counts = await Promise.all(chosen.map((accident) => accident?.(round) ?? 0))
  return Math.min(...counts)
}

/**
 * A published command is carried out by the append after the one under way, unless that is lost. One that was stolen waits for its sender's look,
 * which takes its time and no number of appends.
 */
const MOST_APPENDS = 10

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
    'select combiner from interlock.job_queue_combiners where combiner is not null',
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

describe('processes of which one combines the commands of all (job_queue_combiners, job_queue_published)', () => {
  it.each(Object.entries<Accident>({ ...single, 'all of that happens at once': all }))(
    'lose no command, do none twice and let none wait, though %s',
    async (name, accident) => {
      const { url, client, coordinator, store } = await scene()
      await noteWaits(client)
      await coordinator.setPolicy('by-model')
      const workers = await Promise.all([1, 2, 3].map(() => workerOn(url)))
      let happened = 0
      for (let number = 0; number < runs(2); number++) {
        await coordinator.enqueue(jobsOf(number))
        const victim = await nextCombiner(workers, client)
        const ended = new AbortController()
        const round = { number, workers, url, client, end: ended.signal }
        const happening = victim === undefined ? 0 : accident({ ...round, victim })
        await allEnded(coordinator).finally(() => ended.abort())
        happened += await happening
      }
      const { events, violations, verified } = await judge(store)
      expect({ violations, verified }).toEqual({ violations: [], verified: true })
      const { open, ends } = attemptsOf(events)
      expect(open).toEqual([])
      expect(ends['completed']).toBe(runs(2) * 120)
      // A handler that was paused for longer than its lease goes on for a moment: what it writes is fenced off by its token.
      if (!/paused|all/.test(name)) expect(await overlaps(client)).toBe(0)
      expect(happened).toBeGreaterThan(0)
      const { published, stolen, commands } = await longestWaits(client)
      expect(commands).toBeGreaterThan(0)
      expect(published).toBeLessThanOrEqual(MOST_APPENDS)
      if (runs(1) > 1)
        console.log(
          `${name}: ${runs(2)} rounds, ${happened} times; of ${commands} commands one waited ${published} appends while it was published, and ${stolen} from when it was first published`,
        )
    },
    3 * PATIENCE,
  )
})
