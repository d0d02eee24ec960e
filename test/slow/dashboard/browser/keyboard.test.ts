// Slow: keyboard alone.
/** Everything can be reached and done without a pointer. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { sceneOf } from './scene.ts'

const browser = browserForAll()
const screens = [
  'now',
  'why',
  'history',
  'what-if',
  'proof',
  'list',
  'list&q=dead',
  'list&q=events',
  'levers',
] as const

async function atWork() {
  const { store, ledger } = await sceneOf({ seconds: 120, jobs: 20, waiting: 3 })
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { viewport: { width: 1_280, height: 1_000 } })
  await page.waitForSelector('[data-figure=event]')
  // What goes on moves nothing away while somebody walks.
  await page.keyboard.press('p')
  return { page, store, ledger }
}

/** In the page: names all that can have the focus, and then whatever has it. */
const noting = `(() => {
  const all = [...document.querySelectorAll('a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), [tabindex="0"]')]
  globalThis.walk = { wanted: all.filter((element) => element.checkVisibility({ visibilityProperty: true })), seen: new Set(), unseen: [] }
  document.body.tabIndex = -1
  document.body.focus()
})()`

/** In the page: where the focus is. @returns whether it has been there before */
const stepped = `(() => {
  const { activeElement: here } = document
  if (here === document.body || walk.seen.has(here)) return true
  walk.seen.add(here)
  const { outlineStyle, outlineWidth } = getComputedStyle(here)
  if (outlineStyle === 'none' || outlineWidth === '0px') walk.unseen.push(here.outerHTML.slice(0, 120))
  return false
})()`

async function walked(page: Page) {
  await page.evaluate(noting)
  for (let n = 0; n < 600; n++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(stepped)) break
  }
  return page.evaluate<{ missed: string[]; unseen: string[]; count: number }>(
    `({ missed: walk.wanted.filter((element) => element.isConnected && !walk.seen.has(element)).map((element) => element.outerHTML.slice(0, 120)), unseen: walk.unseen, count: walk.seen.size })`,
  )
}

it('Tab leads through every screen, past all that can be pressed or typed into, and the focus is seen', async () => {
  const { page, ledger } = await atWork()
  const jobId = ledger().line.max()?.jobId
  for (const see of screens) {
    const query = { why: `&job=${jobId}`, levers: '&model=whisper' }[see as string] ?? ''
    await goTo(page, `?see=${see}${query}`)
    await page.waitForSelector('main .panel')
    const { missed, unseen, count } = await walked(page)
    expect({ see, missed, unseen }).toEqual({ see, missed: [], unseen: [] })
    expect(count, see).toBeGreaterThan(15)
  }
})

it('a job is found, cancelled and left by keys alone, and each dialog keeps the focus and gives it back', async () => {
  const { page, store, ledger } = await atWork()
  const jobId = ledger().line.max()?.jobId ?? ''
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
  await page.keyboard.press('?')
  await page.waitForSelector('dialog[open] >> text=Keys')
  await page.keyboard.press('Escape')
  await page.waitForSelector('dialog[open]', { state: 'detached' })
  await page.keyboard.press('/')
  await page.keyboard.type(jobId)
  await page.keyboard.press('ArrowDown')
  await expect.poll(focused).toContain(jobId)
  await page.keyboard.press('Enter')
  await page.waitForSelector(`[aria-labelledby=why] >> text=${jobId}`)
  await page.keyboard.press('p')
  await page.locator('text=Cancel…').focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('dialog [data-do=cancel]')
  // Around and around, by way of the browser's own buttons, and never to what lies behind.
  for (let n = 0; n < 5; n++) {
    await page.keyboard.press('Tab')
    const place = await page.evaluate(
      () => document.activeElement?.closest('dialog, body > *')?.tagName ?? 'BODY',
    )
    expect(['DIALOG', 'BODY']).toContain(place)
  }
  await page.keyboard.press('Escape')
  await page.waitForSelector('dialog[open]', { state: 'detached' })
  await expect.poll(focused).toBe('Cancel…')
  await page.keyboard.press('Enter')
  await page.locator('dialog [data-do=cancel]').press('Enter')
  await page.waitForSelector('dialog >> text=Done')
  await page.keyboard.press('Escape')
  await page.waitForSelector('[data-why=ended]')
  const { events } = await store.read('default', ledger().version, 10)
  expect(events.map(({ type }) => type)).toContain('cancelled')
})
