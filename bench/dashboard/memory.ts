import { sceneOf } from '../../test/dashboard/browser/scene.ts'
import { sized } from '../frame/bench.ts'
import { patientPage, servedHere } from './host.ts'
import type { Part } from './part.ts'

/** The whole log read into the page, and drawn on Time. */
export const memory: Part = {
  id: 'memory',
  figures: {
    heap: { what: 'memory of the page, 100,000 events', unit: 'MB', goal: { most: 250 } },
    events: { what: '… of so many events', unit: '' },
  },
  measure: async (context, browser) => {
    const { store, ledger } = await sceneOf({ seconds: 36_000, jobs: sized(context, 31_000, 300), seed: 5 })
    await using host = await servedHere(store)
    const page = await patientPage(browser)
    await page.goto(host.address)
    await page.waitForSelector('[data-figure=event]')
    await page.keyboard.press('6')
    await page.waitForSelector('text=Audit what is loaded')
    const all = page.locator('text=Load the whole log')
    if (await all.isVisible()) await all.click()
    await page.waitForSelector('text=That is all of the log')
    await page.keyboard.press('3')
    await page.waitForSelector('.labels li')
    const session = await page.context().newCDPSession(page)
    await session.send('HeapProfiler.collectGarbage')
    const { usedSize } = await session.send('Runtime.getHeapUsage')
    await page.close()
    return { heap: usedSize / 1e6, events: ledger().version }
  },
}
