// Slow: thousands of models.
/** History has a row for each model, however many there are; those that are seen are in the page. */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'

const browser = browserForAll()
const MODELS = 500

/** A job runs on each model, and behind every hundredth there is a line. */
async function withManyModels() {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy('by-model')
  const models = Array.from({ length: MODELS }, (_, n) => `model-${String(n).padStart(3, '0')}`)
  await coordinator.enqueue(models.map((model) => ({ jobId: `on-${model}`, models: [model] })))
  await coordinator.claim({ max: MODELS, kinds: null })
  const waiting = models.filter((_, n) => n % 100 === 99)
  await coordinator.enqueue(
    waiting.flatMap((model, n) =>
      Array.from({ length: n + 1 }, (_, at) => ({ jobId: `behind-${model}-${at}`, models: [model] })),
    ),
  )
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { viewport: { width: 1_280, height: 800 } })
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=history')
  const rows = () =>
    page
      .locator('.labels [data-model]')
      .evaluateAll((all) => all.map((row) => row.getAttribute('data-model') ?? ''))
  return { coordinator, page, rows, models, waiting }
}

it('draws those that are seen, scrolls to the last, finds by a part of the name, and puts those with a line first', async () => {
  const { coordinator, page, rows, models, waiting } = await withManyModels()
  await expect.poll(() => page.getAttribute('[data-rows]', 'data-rows')).toBe(String(MODELS))
  expect((await rows()).slice(0, 3)).toEqual(models.slice(0, 3))
  expect((await rows()).length).toBeLessThan(30)
  await page.locator('.rows').focus()
  await page.keyboard.press('End')
  await expect.poll(async () => (await rows()).at(-1)).toBe(models.at(-1))
  expect((await rows()).length).toBeLessThan(30)
  // What is under the pointer is what is drawn there.
  const canvas = page.locator('.canvas canvas')
  const { width = 0, height = 0 } = (await canvas.boundingBox()) ?? {}
  await canvas.hover({ position: { x: width * 0.97, y: height - 40 } })
  await page.waitForSelector(`.tip >> text=on-${models.at(-1)}`)
  const colors = () =>
    page.evaluate(() => {
      const sheet = document.querySelector('canvas')
      const { data = [] } = sheet?.getContext('2d')?.getImageData(0, 24, sheet.width, 60) ?? {}
      return [
        ...new Set(
          Array.from({ length: data.length / 4 }, (_, n) => [...data.slice(n * 4, n * 4 + 4)].join()),
        ),
      ]
    })
  // In the colours of the theme: #b9d3ee for who holds a model.
  expect(await colors()).toContain('185,211,238,255')
  expect(await colors()).not.toContain('0,0,0,255')

  await page.click('text=waiting first')
  await page.locator('.rows').focus()
  await page.keyboard.press('Home')
  await expect.poll(async () => (await rows()).slice(0, waiting.length)).toEqual(waiting.toReversed())
  expect(await page.getAttribute(`[data-model=${waiting.at(-1)}]`, 'data-waiting')).toBe(
    String(waiting.length),
  )
  await page.fill('main [type=search]', 'MODEL-04')
  await expect.poll(rows).toEqual(models.filter((model) => model.startsWith('model-04')))
  await page.fill('main [type=search]', 'nothing')
  await page.waitForSelector('text=No model has this text in its name')
  await coordinator.close()
})

it('a row that gets the focus by the keyboard comes into sight', async () => {
  const { coordinator, page } = await withManyModels()
  await page.waitForSelector('.labels a')
  await page.locator('.rows').focus()
  for (let n = 0; n < 25; n++) await page.keyboard.press('Tab')
  const { row, box } = await page.evaluate(() => {
    const edges = (element: Element | null) => {
      const { top = 0, bottom = 0 } = element?.getBoundingClientRect() ?? {}
      return { top, bottom }
    }
    return {
      row: edges(document.activeElement?.closest('[data-model]') ?? null),
      box: edges(document.querySelector('.rows')),
    }
  })
  expect(row.bottom).toBeGreaterThan(row.top)
  expect(row.top).toBeGreaterThanOrEqual(box.top)
  expect(row.bottom).toBeLessThanOrEqual(box.bottom + 1)
  await coordinator.close()
})
