// Slow, waits 13 s: over PostgreSQL.
/** The page over PostgreSQL: starts are seen while they run, and the hash chain is computed again. */
import { expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../../src/engine/store/postgres/index.ts'
import { chain } from '../../../../src/tools/history/index.ts'
import { migrateDatabase } from '../../../servers/contract/support.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { startPostgres } from '../../../support/postgres.ts'
import { createDatabase } from '../../../support/postgres-database.ts'

const browser = browserForAll()

async function aQueue() {
  const url = await createDatabase('page', 'migrated')
  const [store, theirs] = [postgresStore(url), postgresStore({ connectionString: url, max: 2 })]
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(async () => {
    await coordinator.close()
    await Promise.all([store.close(), theirs.close()])
  })
  const { address, streams } = await served({ store: theirs })
  return { store, coordinator, address, streams }
}

it('shows each of 100 starts while it runs, over the one stream that it has: it asks for their progress alone', async () => {
  const { coordinator, address, streams } = await aQueue()
  const ids = Array.from({ length: 100 }, (_, n) => `job-${n}`)
  await coordinator.enqueue(ids.map((jobId) => ({ jobId, models: ['flux-dev'] })))
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=line] [data-job]')
  const asked: string[] = []
  page.on('request', (request) => {
    // Where attempts failed it asks once in ten seconds, whatever starts.
    if (!/\/(?:progress|failures)\?/.test(request.url())) asked.push(request.url())
  })
  const seen: string[] = []
  let [running] = await coordinator.claim({ max: 1, kinds: null })
  while (running !== undefined) {
    const { jobId } = running.lease
    // The next one starts with the end of this one, once this one is seen.
    await page.waitForSelector(`[aria-labelledby=running] [data-job=${jobId}]`)
    seen.push(jobId)
    ;[running] = await coordinator.complete(running.lease, { claim: { max: 1, kinds: null } })
  }
  expect(seen).toEqual(ids)
  expect(streams.begun).toBe(1)
  expect(asked).toEqual([])
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

it('a page that is loaded while the database is away says so, and comes by itself when that is back', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  await migrateDatabase(server.url)
  const store = postgresStore({ connectionString: server.url, max: 2 })
  onTestFinished(() => store.close())
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  await coordinator.close()
  const { address } = await served({ store, queues: 'all' })
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=line] [data-job=a]')
  await server.kill()
  await page.reload()
  await page.waitForSelector('[data-load=failed] >> text=tries again by itself')
  await server.restart()
  await page.waitForSelector('[aria-labelledby=line] [data-job=a]')
})
