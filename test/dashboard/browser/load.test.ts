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
    const holder = globalThis as unknown as { work: number[]; between: number[] }
    holder.work = []
    holder.between = []
    const channel = new MessageChannel()
    let began = 0
    channel.port1.onmessage = () => holder.work.push(performance.now() - began)
    const frame = (at: number) => {
      if (began > 0) holder.between.push(at - began)
      began = at
      channel.port2.postMessage(null)
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  const frames = () =>
    page.evaluate(() => {
      const { work, between } = globalThis as unknown as { work: number[]; between: number[] }
      const sorted = (list: number[]) => list.toSorted((a, b) => a - b)
      return { work: sorted(work), between: sorted(between) }
    })
  const at = (list: readonly number[], part: number) => list[Math.floor((list.length - 1) * part)] ?? 0
  const said = (list: readonly number[]) => `${at(list, 0.5).toFixed(1)} and ${at(list, 0.99).toFixed(1)} ms`
  /** Half of the frames while events come, half while somebody slides. */
  const measured = async () => {
    await page.evaluate(() => {
      const holder = globalThis as unknown as { work: number[]; between: number[] }
      holder.work.length = 0
      holder.between.length = 0
    })
    await goTo(page, '')
    for (let n = 0; (await frames()).work.length < 100; n++)
      await run({ type: 'cancel', jobId: ledger().line.at(n * 7)?.jobId ?? '', force: false })
    for (let n = 1; (await frames()).work.length < 200; n++) {
      const seq = Math.floor((ledger().version * ((n * 7) % 10)) / 10)
      await goTo(page, `?at=${seq}`)
      await expect
        .poll(() => page.getAttribute('[data-models]', 'data-models'), { interval: 20 })
        .toBe(String(seq))
    }
    const { work, between } = await frames()
    console.log(
      `${work.length} frames, p50 and p99: work ${said(work)}, from one to the next ${said(between)}`,
    )
    return { p50: at(work, 0.5), p99: at(work, 0.99) }
  }
  // A machine that is busy with something else makes frames late once, and not each time.
  let best = await measured()
  for (let tries = 1; tries < 4 && best.p99 > 50; tries++) best = await measured()
  expect(best.p50).toBeLessThanOrEqual(16)
  expect(best.p99).toBeLessThanOrEqual(50)
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
