import type { Page } from 'playwright-core'
import { sceneOf } from '../../test/dashboard/browser/scene.ts'
import { sized } from '../frame/bench.ts'
import { quantile } from '../frame/statistics.ts'
import { patientPage, servedHere } from './host.ts'
import type { Part } from './part.ts'

/** In the page: what each frame costs it, from its beginning to when all that it led to is done; and the time from one to the next. */
const watching = `(() => {
  globalThis.frames = { work: [], between: [] }
  const channel = new MessageChannel()
  let began = 0
  channel.port1.onmessage = () => frames.work.push(performance.now() - began)
  const frame = (at) => {
    if (began > 0) frames.between.push(at - began)
    began = at
    channel.port2.postMessage(null)
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
})()`

interface Frames {
  readonly work: readonly number[]
  readonly between: readonly number[]
}

const framesOf = (page: Page) => page.evaluate<Frames>('frames')
const slideTo = (page: Page, seq: number) =>
  page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(seq === 0 ? './' : `./?at=${seq}`)}); dispatchEvent(new PopStateEvent('popstate'))`,
  )

/** The screen Now with a long line: half of the frames while events come, half while somebody slides through the log. */
export const frames: Part = {
  id: 'frames',
  figures: {
    median: { what: 'work of a frame, 10,000 waiting: median', unit: 'ms', goal: { most: 16 } },
    p99: { what: 'work of a frame, 10,000 waiting: 99 %', unit: 'ms', goal: { most: 50 } },
    next: { what: 'from one frame to the next: 99 %', unit: 'ms' },
  },
  measure: async (context, browser) => {
    const half = sized(context, 300, 30)
    const { store, ledger, run } = await sceneOf({
      seconds: 600,
      jobs: 50,
      waiting: sized(context, 10_000, 200),
    })
    await using host = await servedHere(store)
    const page = await patientPage(browser)
    await page.goto(host.address)
    await page.waitForSelector('[aria-labelledby=line] [data-job]')
    await page.evaluate(watching)
    for (let n = 0; (await framesOf(page)).work.length < half; n++)
      await run({ type: 'cancel', jobId: ledger().line.at(n * 7)?.jobId ?? '', force: false })
    for (let n = 1; (await framesOf(page)).work.length < 2 * half; n++) {
      const seq = Math.max(1, Math.floor((ledger().version * ((n * 7) % 10)) / 10))
      await slideTo(page, seq)
      await page.waitForSelector(`[data-models="${seq}"]`, { state: 'attached' })
    }
    const { work, between } = await framesOf(page)
    await page.close()
    return { median: quantile(work, 0.5), p99: quantile(work, 0.99), next: quantile(between, 0.99) }
  },
}
