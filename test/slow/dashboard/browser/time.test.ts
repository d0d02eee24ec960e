// Slow: the screen of time.
/** The slider: the page at any number is what the log comes to there. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { type Ledger, queueStateOf, waitingFor } from '../../../../src/engine/core/index.ts'
import { count } from '../../../../src/tools/format/index.ts'
import { ledgerAt, replay } from '../../../../src/tools/history/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { sceneOf } from './scene.ts'

const browser = browserForAll()
/** So high that every row of the lists is seen. */
const viewport = { width: 1_280, height: 4_000 }

/** What stands on the screen Now, read off it as soon as it shows that number. */
const seenAt = (page: Page, version: number) =>
  page
    .waitForFunction(
      (wanted) => {
        const text = (selector: string) => document.querySelector(selector)?.textContent
        const isThere =
          document.querySelector('[data-models]')?.getAttribute('data-models') === String(wanted)
        if (!isThere || text('[data-figure=event]') !== wanted.toLocaleString('en')) return null
        const all = (selector: string, see: (element: Element) => string) =>
          [...document.querySelectorAll(selector)].map(see)
        const name = (element: Element) => element.getAttribute('data-job') ?? ''
        return {
          state: document.querySelector('[data-state]')?.getAttribute('data-state'),
          running: all('[aria-labelledby=running] [data-job]', name).sort(),
          line: all(
            '[aria-labelledby=line] [data-job]',
            (row) => `${name(row)} ${row.querySelector('.reason')?.textContent}`,
          ),
          models: all(
            '[aria-labelledby=models] [data-model]',
            (row) =>
              `${row.getAttribute('data-model')} ${row.getAttribute('data-held')} ${row.getAttribute('data-waiting')}`,
          ).sort(),
        }
      },
      version,
      { polling: 'raf' },
    )
    .then((handle) => handle.jsonValue())

/** The same of a ledger that was replayed here. */
function expectedOf(ledger: Ledger) {
  const held = new Map([...ledger.pauses].map(({ model, jobs }) => [model, jobs.size]))
  const models = [...ledger.models].map(
    ({ model, holders, line }) => `${model} ${holders.size} ${line.size + (held.get(model) ?? 0)}`,
  )
  const idle = [...held.keys()].filter((model) => ![...ledger.models].some((each) => each.model === model))
  return {
    state: queueStateOf(ledger),
    running: [...ledger.active].map(({ jobId }) => jobId).sort(),
    line: [...ledger.line].map((place) => {
      const job = ledger.jobs.get(place)
      return job === undefined ? '' : `${job.jobId} ${waitingFor(ledger, job, ledger.lastAt).reason}`
    }),
    models: [...models, ...idle.map((model) => `${model} 0 ${held.get(model)}`)].sort(),
  }
}

it('shows at 50 numbers what replay --to says there', async () => {
  const { store, ledger } = await sceneOf({ seconds: 1_200, jobs: 400, seed: 7 })
  const access = { store }
  const { version } = ledger()
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { viewport })
  await page.waitForSelector('[data-figure=event]')
  let lot = 20_261_126
  for (let n = 0; n < 50; n++) {
    lot = (Math.imul(lot, 1_103_515_245) + 12_345) >>> 0
    const at = lot % version
    await goTo(page, `?at=${at}`)
    const seen = await seenAt(page, at)
    const there = await ledgerAt(access, at)
    expect({ at, ...seen }).toEqual({ at, ...expectedOf(there) })
    const said = await replay(access, { at })
    expect(seen?.running).toEqual(said.active.map(({ jobId }) => jobId).sort())
  }
})

it('steps, plays, jumps to the events of a job, and compares two moments', async () => {
  const { store, ledger } = await sceneOf({ seconds: 600, jobs: 60, seed: 3 })
  const events = (await store.read('default', 0, 1_000)).events
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  const at = () => page.textContent('[data-figure=at]')
  const { version } = ledger()
  await page.waitForSelector('[data-figure=at]')
  await page.keyboard.press(',')
  await expect.poll(at).toBe(count(version - 1))
  await page.keyboard.press('.')
  await expect.poll(() => new URL(page.url()).searchParams.get('at')).toBe(null)

  const queued = events.find(({ type }) => type === 'queued')
  const jobId = queued !== undefined && 'jobId' in queued ? queued.jobId : ''
  const own = events.filter((event) => 'jobId' in event && event.jobId === jobId).map(({ seq }) => seq)
  await goTo(page, `?see=why&job=${jobId}&at=${own[0]}`)
  await page.click(`[aria-label="Next event of ${jobId}"]`)
  await expect.poll(at).toBe(count(own[1] ?? 0))

  await goTo(page, `?see=history&at=${version - 6}`)
  await expect.poll(at).toBe(count(version - 6))
  await page.click('text=Compare')
  await page.selectOption('.speed select', '200')
  await page.keyboard.press(' ')
  await expect.poll(() => new URL(page.url()).searchParams.get('at'), { interval: 20 }).toBe(null)
  const said = page.locator('.difference')
  await expect.poll(() => said.getAttribute('data-to')).toBe(String(version))
  const before = await ledgerAt({ store }, version - 6)
  const came = [...ledger().jobs].filter(({ jobId: id }) => ![...before.jobs].some((job) => job.jobId === id))
  for (const { jobId: id } of came) expect(await page.textContent('[data-difference=queued]')).toContain(id)
})
