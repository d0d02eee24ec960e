/** The page in a real browser: it loads, follows, and comes back after a cut. */
import { expect, it } from 'vitest'
import { memoryStore } from '../../../src/adapter/memory/index.ts'
import { createCoordinator, silentLogger } from '../../../src/coordinator/index.ts'
import { browserForAll, opened, served } from './browser.ts'

const browser = browserForAll()

async function queueWithTwo() {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue(['a', 'b'].map((jobId) => ({ jobId, models: ['flux-dev'] })))
  const [first] = await coordinator.claim({ max: 1, kinds: null })
  return { store, coordinator, first }
}

it('is let in by its address, shows what runs and waits, and follows', async () => {
  const { store, coordinator, first } = await queueWithTwo()
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=running] [data-job=a]')
  await page.waitForSelector('[aria-labelledby=line] [data-job=b]')
  expect(new URL(page.url()).hash).toBe('')
  if (first !== undefined) await coordinator.complete(first.lease, { claim: { max: 1, kinds: null } })
  await page.waitForSelector('[aria-labelledby=running] [data-job=b]')
  await coordinator.close()
})

it('after a cut it goes on, with nothing missed and nothing twice', async () => {
  const { store, coordinator } = await queueWithTwo()
  const { address, cut } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=line] [data-job=b]')
  cut()
  await coordinator.enqueue(['c', 'd'].map((jobId) => ({ jobId, models: ['flux-dev'] })))
  await page.waitForSelector('[aria-labelledby=line] [data-job=d]')
  const event = () => page.textContent('[data-figure=event]')
  await expect.poll(event).toBe(String((await store.read('default', 0, 1)).version))
  await coordinator.close()
})
