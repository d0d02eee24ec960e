// Slow, waits 41 s: with 10,000 waiting and 100,000 events.
/** With 10,000 waiting and 100,000 events: only what is seen is in the page. */
import { expect, it } from 'vitest'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { sceneOf } from './scene.ts'

const browser = browserForAll()

/** In the page: the most rows of the line that it has had at once, and the elements that it has put in. */
const watching = `(() => {
  globalThis.drawn = { rows: 0, added: 0 }
  new MutationObserver((records) => {
    drawn.rows = Math.max(drawn.rows, document.querySelectorAll('[aria-labelledby=line] [data-job]').length)
    for (const { addedNodes } of records)
      for (const node of addedNodes) if (node instanceof Element) drawn.added += 1 + node.querySelectorAll('*').length
  }).observe(document.body, { childList: true, subtree: true })
})()`

interface Drawn {
  readonly rows: number
  readonly added: number
}

const EVENTS = 40
const SLIDES = 20

/** What the page draws while so many events come, one after the other, and while somebody slides through the log. */
async function drawnWith(waiting: number): Promise<Drawn> {
  const { store, ledger, run } = await sceneOf({ seconds: 600, jobs: 50, waiting })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[aria-labelledby=line] [data-job]')
  await page.evaluate(() => {
    const list = document.querySelector('[aria-labelledby=line] .windowed')
    if (list !== null) list.scrollTop = list.scrollHeight
  })
  const last = ledger().line.max()?.jobId
  await page.waitForSelector(`[aria-labelledby=line] [data-job=${last}]`)
  await page.evaluate(watching)
  const isAt = (seq: number) =>
    expect.poll(() => page.getAttribute('[data-models]', 'data-models'), { interval: 20 }).toBe(String(seq))
  for (let n = 0; n < EVENTS; n++) {
    await run({ type: 'cancel', jobId: ledger().line.at(n * 2)?.jobId ?? '', force: false })
    await isAt(ledger().version)
  }
  for (let n = 1; n <= SLIDES; n++) {
    const seq = Math.floor((ledger().version * ((n * 7) % 10)) / 10)
    await goTo(page, `?at=${seq}`)
    await isAt(seq)
  }
  return page.evaluate<Drawn>('drawn')
}

it('draws the rows that are seen, follows, and slides: no more with 10,000 waiting than with 300', async () => {
  const few = await drawnWith(300)
  const many = await drawnWith(10_000)
  console.log(few, many)
  expect(many.rows).toBeLessThan(60)
  expect(many.added).toBeLessThan(1.5 * few.added)
})

it('keeps 100,000 events within 250 MB', async () => {
  const { store, ledger } = await sceneOf({ seconds: 36_000, jobs: 31_000, seed: 5 })
  expect(ledger().version).toBeGreaterThan(100_000)
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=proof')
  await page.click('text=Load the whole log')
  await page.waitForSelector('text=That is all of the log')
  await goTo(page, '?see=history')
  await page.waitForSelector('.labels li')
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  console.log(`${ledger().version} events: ${(usedSize / 1e6).toFixed(0)} MB`)
  expect(usedSize).toBeLessThan(250_000_000)
})
