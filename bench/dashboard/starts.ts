import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sized } from '../frame/bench.ts'
import { quantile } from '../frame/statistics.ts'
import { interlock, patientPage } from './host.ts'
import type { Part } from './part.ts'

/** How much faster than it happened the trace is played. */
const TIME_SCALE = '0.005'

/** In the page: when each job was first shown as one that runs, in milliseconds since 1970. */
const watching = `(() => {
  globalThis.seen = new Map()
  const look = () => {
    const now = performance.timeOrigin + performance.now()
    for (const element of document.querySelectorAll('[aria-labelledby=running] [data-job]')) {
      const job = element.getAttribute('data-job')
      if (!seen.has(job)) seen.set(job, now)
    }
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
})()`

/** In the page: how late each start was that it has shown, in milliseconds. */
const lateness = `(async () => {
  const late = []
  for (let after = 0; ; ) {
    const { events } = await (await fetch('api/queues/default/log?limit=1000&after=' + after)).json()
    if (events.length === 0) return late
    for (const { type, jobId, at } of events)
      if (type === 'started' && seen.has(jobId)) late.push(seen.get(jobId) - at / 1000)
    after = events.at(-1).seq
  }
})()`

/**
 * Real requests by `interlock run … --dashboard`, with the page open: from the time that the log gives a start, which is before its
 * commit, to the frame that shows it.
 */
export const starts: Part = {
  id: 'starts',
  figures: {
    p50: { what: 'start → page while the trace runs: median', unit: 'ms' },
    p95: { what: 'start → page while the trace runs: 95 %', unit: 'ms', goal: { most: 200 } },
    count: { what: '… of so many starts', unit: '' },
  },
  lacks: ({ trace }) => (existsSync(trace) ? undefined : `there is no ${trace} (INTERLOCK_BENCH_TRACE)`),
  measure: async (context, browser) => {
    const url = await context.servers.database()
    const jobs = String(sized(context, 400, 60))
    const words = ['run', context.trace, '--policy', 'by-model', '--limit', jobs, '--time-scale', TIME_SCALE]
    const run = await interlock(
      [...words, '--concurrency', '64', '--dashboard', '--url', url],
      /watch it: (\S+)/,
    )
    const page = await patientPage(browser)
    await page.addInitScript({ content: watching })
    await page.goto(run.address)
    await page.waitForSelector('[aria-labelledby=running] [data-job]')
    const first = Date.now()
    let late: number[] = []
    // Its dashboard ends with the run: what was seen is asked for while it goes on.
    let isOver = false
    void run.ended.then(() => (isOver = true))
    while (!isOver) {
      late = await page.evaluate<number[]>(lateness).catch(() => late)
      await sleep(1_000)
    }
    await page.close()
    await context.servers.drop(url)
    // Those that ran already when the page was opened were not waited for.
    const seen = late.filter((ms) => ms < Date.now() - first)
    return { p50: quantile(seen, 0.5), p95: quantile(seen, 0.95), count: seen.length }
  },
}
