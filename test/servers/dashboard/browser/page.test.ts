/** The page in a real browser: it loads, follows, and comes back after a cut. */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { browserForAll, opened, served, tabIn } from './browser.ts'

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

it('is held by a button: what comes is taken, and shown when it goes on', async () => {
  const { store, coordinator } = await queueWithTwo()
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=line] [data-job=b]')
  await page.click('text=Hold')
  // It has the stream, and so it has heard of the job before the other tab, which shows it.
  const other = await tabIn(page.context(), page.url())
  await other.waitForSelector('[aria-labelledby=line] [data-job=b]')
  await coordinator.enqueue([{ jobId: 'c', models: ['flux-dev'] }])
  await other.waitForSelector('[aria-labelledby=line] [data-job=c]')
  expect(await page.locator('[data-job=c]').count()).toBe(0)
  await page.click('text=Go on')
  await page.waitForSelector('[aria-labelledby=line] [data-job=c]')
  await coordinator.close()
})

it('tries again ever later while the stream cannot be had, up to 5 s apart, and is right again when it can', async () => {
  const { store, coordinator } = await queueWithTwo()
  const { address, cut, streams } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=line] [data-job=b]')
  // The line is there before the stream is. What is not there yet cannot be cut.
  await expect.poll(() => streams.open).toBe(1)
  let isAway = true
  await page.route('**/events?*', (route) => (isAway ? route.abort() : route.continue()))
  // It tells other tabs when a stream was lost, and waits then.
  await page.evaluate(`
    globalThis.lost = 0
    globalThis.begun = 0
    Math.random = () => 1
    globalThis.EventSource = class extends EventSource {
      constructor(address) {
        super(address)
        begun++
      }
    }
    new BroadcastChannel('interlock:' + location.pathname + ':default').onmessage = ({ data }) => {
      if (data.event === 'away') lost++
    }`)
  const lost = () => page.evaluate<number>('lost')
  const begun = () => page.evaluate<number>('begun')
  await page.clock.install()
  await page.clock.pauseAt(Date.now() + 60_000)
  cut()
  for (const [tries, ms] of [300, 600, 1_200, 2_400, 4_800, 5_000, 5_000].entries()) {
    await expect.poll(lost).toBe(tries + 1)
    await page.clock.runFor(ms - 50)
    expect(await begun()).toBe(tries)
    await page.clock.runFor(100)
    expect(await begun()).toBe(tries + 1)
  }
  // The last of these tries is on its way, and must still find nothing.
  await expect.poll(lost).toBe(8)
  isAway = false
  await coordinator.enqueue([{ jobId: 'c', models: ['flux-dev'] }])
  await page.clock.runFor(5_050)
  await page.clock.resume()
  await page.waitForSelector('[aria-labelledby=line] [data-job=c]')
  await coordinator.close()
})
