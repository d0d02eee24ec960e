/**
 * How late a start is on the page, and what an idle viewer costs its host: `node .ci/bootstrap.mjs bench/dashboard/live.ts [jobs] [time scale]`. A run of
 * real requests (INTERLOCK_BENCH_TRACE) with `--dashboard`, over PostgreSQL with `fsync = on`, and Chromium on the same machine. From the
 * time that the log gives a start, which is before its commit, to the frame that shows it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium } from 'playwright-core'
import { chromiumPath } from '../../test/support/chromium.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import { quantile } from '../frame/statistics.ts'

const project = path.resolve(import.meta.dirname, '../..')
const trace =
  process.env['INTERLOCK_BENCH_TRACE'] ?? path.resolve(project, '../shared/data/gentd26-requests.csv.gz')
const [jobs = '400', timeScale = '0.005'] = process.argv.slice(2)
/** How long an idle host is looked at. */
const IDLE_MS = 20_000
/** Clock ticks per second, as Linux counts the time of a process. */
const TICKS = 100

/** `interlock`, until it has said its address. */
async function interlock(words: readonly string[], address: RegExp) {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...words], { cwd: project })
  let said = ''
  const heard = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        said += String(data)
        const found = address.exec(said)?.[1]
        if (found !== undefined) resolve(found)
      })
    child.once('exit', () => reject(new Error(said)))
  })
  return { child, address: await heard, ended: once(child, 'exit') }
}

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

/** The CPU time of a process so far, in milliseconds. */
function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1_000
}

async function starts(browser: Browser, url: string): Promise<void> {
  const words = ['run', trace, '--policy', 'by-model', '--limit', jobs, '--time-scale', timeScale]
  const run = await interlock(
    [...words, '--concurrency', '64', '--dashboard', '--url', url],
    /watch it: (\S+)/,
  )
  const page = await browser.newPage()
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
    await sleep(2_000)
  }
  const seen = late.filter((ms) => ms < Date.now() - first)
  const [p50, p95, most] = [quantile(seen, 0.5), quantile(seen, 0.95), Math.max(...seen)].map(Math.round)
  console.log(`${seen.length} starts: on the page after p50 ${p50} ms, p95 ${p95} ms, most ${most} ms`)
  await page.close()
}

async function idle(browser: Browser, url: string, viewers: number): Promise<void> {
  const host = await interlock(['dashboard', '--json', '--url', url], /"url":\s*"([^"]+)"/)
  const context = await browser.newContext()
  for (let n = 0; n < viewers; n++) {
    const page = await context.newPage()
    await page.goto(n === 0 ? host.address : (host.address.split('#')[0] ?? ''))
    await page.waitForSelector('main')
  }
  await sleep(3_000)
  const before = cpuOf(host.child)
  await sleep(IDLE_MS)
  const share = ((cpuOf(host.child) - before) / IDLE_MS) * 100
  console.log(`host with ${viewers} idle viewers: ${share.toFixed(2)} % of a core`)
  await context.close()
  host.child.kill('SIGINT')
  await host.ended
}

const server = await startPostgres({ fsync: true })
const browser = await chromium.launch({ executablePath: await chromiumPath(), args: ['--no-sandbox'] })
try {
  spawnSync(process.execPath, ['src/cli/main.ts', 'migrate', '--url', server.url], { cwd: project })
  if (Number(jobs) > 0) await starts(browser, server.url)
  await idle(browser, server.url, 0)
  await idle(browser, server.url, 1)
} finally {
  await browser.close()
  await server.remove()
}
