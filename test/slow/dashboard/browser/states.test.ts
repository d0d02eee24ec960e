// Slow: what is on its way, empty or failed, on each screen.
/** What is on its way, what there is none of and what failed are three things, on every screen. */
import type { Page, Route } from 'playwright-core'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { sceneOf } from './scene.ts'

const browser = browserForAll()

it('the Log fills its box with rows, also when the window grows', async () => {
  const { store } = await sceneOf({ seconds: 600, jobs: 120 })
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { viewport: { width: 1_280, height: 1_000 } })
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=list&q=events')
  /** How much of the list has no row in it, in pixels. */
  const bare = () =>
    page.evaluate(() => {
      const box = document.querySelector('[aria-labelledby=list] .windowed')?.getBoundingClientRect()
      const last = document.querySelector('[aria-labelledby=list] li:last-child')?.getBoundingClientRect()
      return box === undefined || last === undefined
        ? null
        : Math.max(0, Math.round(box.bottom - last.bottom))
    })
  await page.waitForSelector('text=That is all of the log')
  await expect.poll(bare).toBe(0)
  await page.setViewportSize({ width: 1_280, height: 2_000 })
  await expect.poll(bare).toBe(0)
})

it('Why of a job that has ended says what its own list says, also while nothing else happens', async () => {
  const { store } = await sceneOf({ seconds: 600, jobs: 60 })
  const { events } = await store.read('default', 0, 1_000)
  const completed = events.find(({ type }) => type === 'completed')
  const jobId = completed !== undefined && 'jobId' in completed ? completed.jobId : ''
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, `?see=why&job=${jobId}`)
  await page.waitForSelector('.life >> text=completed')
  await page.waitForSelector('[data-why=ended] >> text=completed')
})

/** Keeps the page's requests to this address, until they are let go. */
async function holding(page: Page, address: string) {
  const held: Route[] = []
  let isHeld = true
  await page.route(address, (route) => (isHeld ? void held.push(route) : route.continue()))
  const letGo = async () => {
    isHeld = false
    for (const route of held.splice(0)) await route.continue()
  }
  return { held, letGo }
}

/** A queue of which only the log knows anything: all jobs have ended, one without success. */
async function overQueue() {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue(['a', 'b'].map((jobId) => ({ jobId, models: ['flux-dev'], attempts: 1 })))
  const [a] = await coordinator.claim({ max: 1, kinds: null })
  const [b] = a === undefined ? [] : await coordinator.complete(a.lease, { claim: { max: 1, kinds: null } })
  if (b === undefined) throw new Error('b has not started')
  await coordinator.fail(b.lease, { error: new Error('broken'), retryAt: null })
  await coordinator.close()
  return store
}

/** What a screen asks for that does not read the log. */
const addresses: Readonly<Record<string, string>> = { dead: '**/dead?*', why: '**/jobs/a/log' }

/** What stands on a screen that is whole. */
const whole = {
  figures: '[aria-labelledby=split] [data-bar]',
  'what-if': '[data-outcome=simulated]',
  time: '.labels li',
  log: '[data-seq]',
  why: '.life li',
  dead: '[data-state=dead]',
} as const

it('while events are on their way a screen says so, if they cannot be read it says why, and never that there are none', async () => {
  const { address } = await served({ store: await overQueue() })
  for (const [see, isWhole] of Object.entries(whole)) {
    const page = await opened(browser(), 'about:blank')
    const { held, letGo } = await holding(page, addresses[see] ?? '**/log?*')
    const url = new URL(address())
    url.search = `?see=${see}${see === 'why' ? '&job=a' : ''}`
    await page.goto(url.href)
    await expect.poll(() => held.length, { message: see }).toBeGreaterThan(0)
    await page.waitForSelector('main [data-load=loading]')
    const empty = await page.locator('main [data-load=empty]').allTextContents()
    expect({ see, empty }).toEqual({ see, empty: see === 'why' ? ['Not loaded.'] : [] })
    const error = { code: 'store_unavailable', message: 'the database is away' }
    for (const route of held.splice(0)) await route.fulfill({ status: 503, json: { error } })
    const failed = page.locator('main [data-load=failed]').first()
    await expect.poll(() => failed.textContent()).toContain('the database is away')
    await letGo()
    await failed.locator('button').click()
    await page.waitForSelector(isWhole)
  }
})

it('an estimate waits for the server, and is there for the end of a long line', async () => {
  const { store, ledger } = await sceneOf({ seconds: 600, jobs: 60, waiting: 4_000 })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  const { held, letGo } = await holding(page, '**/position')
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, `?see=why&job=${ledger().line.max()?.jobId}`)
  const says = () => page.textContent('[data-fact=estimate]')
  await expect.poll(() => held.length).toBeGreaterThan(0)
  expect(await says()).toBe('estimating…')
  await letGo()
  await expect.poll(says).toMatch(/^(in about|nobody can say: )/)
})
