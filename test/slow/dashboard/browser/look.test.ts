// Slow, 17 s: axe on every screen in both themes; pictures.
/** How the page looks and what it weighs: axe on every screen in both themes, a phone's width, its size; and the pictures of the docs. */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { madeOnce } from '../../../support/once.ts'
import { sceneOf, waitsLongest } from './scene.ts'
import { smallPng } from './small-png.ts'

const browser = browserForAll()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** INTERLOCK_TEST_PICTURES=1 takes the pictures of docs/guides/observability.md#dashboard again. */
const pictures =
  process.env['INTERLOCK_TEST_PICTURES'] === undefined
    ? null
    : path.resolve(import.meta.dirname, '../../../../docs/images')

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
/** In which theme each is shown in the docs. */
const pictured: Readonly<Record<string, 'light' | 'dark'>> = {
  now: 'light',
  why: 'dark',
  history: 'light',
  'what-if': 'dark',
}

/** What stands on the screen when it is whole. */
const whole: Readonly<Record<(typeof screens)[number], string>> = {
  now: '[data-check=paused]',
  why: '[data-fact=estimate] :is(b, .dim):not(:text("estimating…"))',
  history: '[aria-labelledby=split] [data-bar]',
  'what-if': '[data-outcome=simulated]',
  proof: '[data-digest]',
  levers: '[aria-labelledby=reorder] [data-job]',
  list: '[aria-labelledby=list] [data-state]',
  'list&q=dead': '[data-state=dead]',
  'list&q=events': '[data-seq]',
}

/** A screen with all that it can show. */
const addressOf = (see: (typeof screens)[number], jobId: string): string =>
  `?see=${see}${{ why: `&job=${jobId}`, levers: '&model=whisper' }[see as string] ?? ''}`

interface Found {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly string[]
}

const seriousFaults = (page: Page): Promise<readonly Found[]> =>
  page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
        }>
      }
    }
    const { violations } = await checker.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => ({
        id,
        impact,
        nodes: nodes.slice(0, 4).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`),
      }))
  })

it.each(['light', 'dark'] as const)(
  'has no serious fault that axe finds, on any screen: %s',
  async (colorScheme) => {
    const { store, ledger } = await sceneOf({ seconds: 3_600, jobs: 400, waiting: 40, seed: 11 })
    const { address } = await served({ store, environment: 'production' })
    const page = await opened(browser(), address(), { colorScheme, viewport: { width: 1_440, height: 900 } })
    await page.waitForSelector('[data-figure=event]')
    await page.evaluate(axe)
    const jobId = waitsLongest(ledger())
    for (const see of screens) {
      await goTo(page, addressOf(see, jobId))
      if (see === 'proof') await page.click('text=Audit what is loaded')
      await page.waitForSelector(whole[see])
      expect({ see, faults: await seriousFaults(page) }).toEqual({ see, faults: [] })
      if (pictures === null || pictured[see] !== colorScheme) continue
      await mkdir(pictures, { recursive: true })
      await writeFile(path.join(pictures, `dashboard-${see}.png`), smallPng(await page.screenshot()))
    }
    for (const ask of [askToCancel, askToCancelAll, askForKeys]) {
      await ask(page, jobId)
      expect({ ask: ask.name, faults: await seriousFaults(page) }).toEqual({ ask: ask.name, faults: [] })
      await page.keyboard.press('Escape')
    }
  },
)

/** The dialogs. */
async function askToCancel(page: Page, jobId: string) {
  await goTo(page, `?see=why&job=${jobId}`)
  await page.click('text=Cancel…')
  await page.waitForSelector('dialog [data-do=cancel]')
}
async function askToCancelAll(page: Page) {
  await goTo(page, '?see=list')
  await page.click('text=Cancel all…')
  await page.waitForSelector('dialog [name=how-many]')
}
async function askForKeys(page: Page) {
  await page.click('[aria-label=Keys]')
  await page.waitForSelector('dialog[open] kbd')
}

it('fits a phone: nothing goes beyond its width', async () => {
  const { store, ledger } = await sceneOf({ seconds: 3_600, jobs: 200, waiting: 40 })
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { viewport: { width: 390, height: 844 } })
  await page.waitForSelector('[data-figure=event]')
  for (const see of screens) {
    await goTo(page, addressOf(see, waitsLongest(ledger())))
    if (see === 'proof') await page.click('text=Audit what is loaded')
    await page.waitForSelector(whole[see])
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect({ see, beyond }).toEqual({ see, beyond: 0 })
    // Which screen it is stands in the row of their names, however narrow that is.
    const link = await page.locator('nav [aria-current=page]').boundingBox()
    expect(link?.x, see).toBeGreaterThanOrEqual(0)
    expect((link?.x ?? 0) + (link?.width ?? 0), see).toBeLessThanOrEqual(390)
  }
  for (const ask of [askToCancel, askToCancelAll, askForKeys]) {
    await ask(page, waitsLongest(ledger()))
    const beyond = await page.evaluate(() => {
      const { right = 0, bottom = 0 } = document.querySelector('dialog[open]')?.getBoundingClientRect() ?? {}
      return { right: Math.max(0, right - innerWidth), bottom: Math.max(0, bottom - innerHeight) }
    })
    expect({ ask: ask.name, ...beyond }).toEqual({ ask: ask.name, right: 0, bottom: 0 })
    await page.keyboard.press('Escape')
  }
})

it('weighs 146.5 kB at most, script and style together, as they go over the wire', async () => {
  const folder = await madeOnce('page')
  const sizes = await Promise.all(
    ['page.js', 'page.css'].map(
      async (file) => gzipSync(await readFile(path.join(folder, file)), { level: 9 }).length,
    ),
  )
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(146_500)
})
