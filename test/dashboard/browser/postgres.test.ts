/** The page over PostgreSQL: starts are seen at once, and the hash chain is computed again. */
import { expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../../src/adapter/postgres/index.ts'
import { createCoordinator, silentLogger } from '../../../src/coordinator/index.ts'
import { chain } from '../../../src/history/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { browserForAll, goTo, opened, served } from './browser.ts'

const browser = browserForAll()

async function aQueue() {
  const url = await createDatabase('page', 'migrated')
  const [store, theirs] = [postgresStore(url), postgresStore({ connectionString: url, max: 2 })]
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(async () => {
    await coordinator.close()
    await Promise.all([store.close(), theirs.close()])
  })
  const { address } = await served({ store: theirs })
  return { store, coordinator, address }
}

it('shows 95 of 100 starts within 200 ms of their commit', async () => {
  const { coordinator, address } = await aQueue()
  const ids = Array.from({ length: 101 }, (_, n) => `job-${n}`)
  await coordinator.enqueue(ids.map((jobId) => ({ jobId, models: ['flux-dev'] })))
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=line] [data-job]')
  await page.evaluate(() => {
    const holder = globalThis as unknown as { seen: Record<string, number> }
    holder.seen = {}
    const look = () => {
      for (const row of document.querySelectorAll('[aria-labelledby=running] [data-job]'))
        holder.seen[row.getAttribute('data-job') ?? ''] ??= Date.now()
    }
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true })
  })
  const committed = new Map<string, number>()
  let [running] = await coordinator.claim({ max: 1, kinds: null })
  while (running !== undefined) {
    const { jobId } = running.lease
    committed.set(jobId, Date.now())
    // The next one starts with the end of this one, once this one is seen.
    await page.waitForSelector(`[aria-labelledby=running] [data-job=${jobId}]`)
    ;[running] = await coordinator.complete(running.lease, { claim: { max: 1, kinds: null } })
  }
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: Record<string, number> }).seen)
  const late = [...committed]
    .map(([jobId, at]) => (seen[jobId] ?? Number.POSITIVE_INFINITY) - at)
    .sort((a, b) => a - b)
  const p95 = late[Math.floor(late.length * 0.95)] ?? 0
  console.log(
    `${late.length} starts: p50 ${late[Math.floor(late.length / 2)]} ms, p95 ${p95} ms, at most ${late.at(-1)} ms`,
  )
  expect(p95).toBeLessThanOrEqual(200)
})

it('computes the chain again, and says whether an anchor lies on it', async () => {
  const { store, coordinator, address } = await aQueue()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  await store.startChain('default')
  await coordinator.enqueue(['b', 'c', 'd'].map((jobId) => ({ jobId, models: ['m'] })))
  const { anchor } = await chain({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=proof')
  await page.click('text=Check the chain')
  await page.waitForSelector(`[data-chain="${anchor}"]`)
  await page.fill('[aria-labelledby=chain] input', `${anchor?.slice(0, -4)}0000`)
  await page.click('text=Check the chain')
  await page.waitForSelector('[data-chain=bad]')
})
