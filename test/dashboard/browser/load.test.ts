/** With 10,000 waiting and 100,000 events: only what is seen is in the page, and its frames stay short. */
import { expect, it } from 'vitest'
import { browserForAll, goTo, opened, served } from './browser.ts'
import { sceneOf } from './scene.ts'

const browser = browserForAll()

it('draws the rows that are seen, follows, and slides, with 10,000 waiting', async () => {
  const { store, ledger, run } = await sceneOf({ seconds: 600, jobs: 50, waiting: 10_000 })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=line] [data-job]')
  expect(await page.locator('[aria-labelledby=line] [data-job]').count()).toBeLessThan(60)
  await page.evaluate(() => {
    const list = document.querySelector('[aria-labelledby=line] .windowed')
    if (list !== null) list.scrollTop = list.scrollHeight
  })
  const last = ledger().line.max()?.jobId
  await page.waitForSelector(`[aria-labelledby=line] [data-job=${last}]`)
  // What a frame costs the page: its work, from the beginning of the frame to when all that it led to is done.
  await page.evaluate(() => {
    const holder = globalThis as unknown as { work: number[] }
    holder.work = []
    const channel = new MessageChannel()
    let began = 0
    channel.port1.onmessage = () => holder.work.push(performance.now() - began)
    const frame = () => {
      began = performance.now()
      channel.port2.postMessage(null)
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  for (let n = 0; n < 40; n++) {
    const jobId = ledger().line.at(n * 7)?.jobId ?? ''
    await run({ type: 'cancel', jobId, force: false })
  }
  for (const at of [0.2, 0.4, 0.6, 0.8]) {
    await goTo(page, `?at=${Math.floor(ledger().version * at)}`)
    await expect
      .poll(() => page.getAttribute('[data-models]', 'data-models'))
      .toBe(String(Math.floor(ledger().version * at)))
  }
  const work = await page.evaluate(() =>
    (globalThis as unknown as { work: number[] }).work.sort((a, b) => a - b),
  )
  const at = (part: number) => work[Math.floor((work.length - 1) * part)] ?? 0
  console.log(
    `frames: ${work.length}, work at the median ${at(0.5).toFixed(1)} ms, at p99 ${at(0.99).toFixed(1)} ms`,
  )
  expect(work.length).toBeGreaterThan(30)
  expect(at(0.5)).toBeLessThanOrEqual(16)
})

it('keeps 100,000 events within 250 MB', async () => {
  const { store, ledger } = await sceneOf({ seconds: 36_000, jobs: 31_000, seed: 5 })
  expect(ledger().version).toBeGreaterThan(100_000)
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=proof')
  await page.click('text=Read all of the log')
  await page.waitForSelector('text=That is all of the log')
  await goTo(page, '?see=time')
  await page.waitForSelector('.labels li')
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  console.log(`${ledger().version} events: ${(usedSize / 1e6).toFixed(0)} MB`)
  expect(usedSize).toBeLessThan(250_000_000)
})
