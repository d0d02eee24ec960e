// Slow: cards, busy, free and broken.
/** Cards on the page: which are busy, free or broken, where a job is, and what a person can do about it. */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'

const browser = browserForAll()

/** A job runs at the first card, which has units; the second is paused, the third free, and nobody serves the last. */
async function withCards() {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy({
    maxActive: null,
    capacity: { flux: ['host1:0', 'host1:1', 'host1:2', 'host2:0'] },
    units: { 'host1:0': { vram: 24 } },
  })
  await coordinator.enqueue([{ jobId: 'a', models: ['flux'], asks: { flux: { vram: 20 } } }])
  await coordinator.claim({ max: 1, kinds: null, serves: ['host1:*'], keeps: 2 })
  await coordinator.pauseModel('host1:1', { reason: 'broken' })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  return { coordinator, store, page }
}

it('says which cards are busy, free, paused or served by nobody, and where a job runs', async () => {
  const { coordinator, page } = await withCards()
  const row = (place: string) => page.locator(`[aria-labelledby=cards] [data-model="${place}"]`)
  await expect.poll(() => row('host1:0').textContent()).toMatch(/host1:0a.*4 vram left/)
  await expect.poll(() => row('host1:1').textContent()).toContain('paused (broken)')
  await expect.poll(() => row('host1:2').textContent()).toMatch(/free/)
  await expect.poll(() => row('host2:0').textContent()).toContain('no process serves it')
  await expect
    .poll(() => page.locator('[aria-labelledby=models] [data-model=flux]').textContent())
    .toMatch(/1 in use/)
  await expect
    .poll(() => page.locator('[aria-labelledby=running] [data-job=a]').textContent())
    .toContain('at host1:0')
  await expect
    .poll(() => page.locator(`[data-worker="${coordinator.workerId}"]`).textContent())
    .toContain('serves host1:*; keeps 2 models')
  await goTo(page, '?see=why&job=a')
  await page.waitForSelector('[data-place=flux] [data-at="host1:0"]')
  await coordinator.close()
})

it('pauses a card after a preview, and gives a model another list of cards', async () => {
  const { coordinator, store, page } = await withCards()
  await goTo(page, '?see=levers')
  const row = (name: string) => `[aria-labelledby=model-levers] [data-model="${name}"]`
  await page.click(`${row('host1:2')} >> text=Pause…`)
  await page.waitForSelector('dialog >> text=model_paused')
  await page.click('dialog [data-do=pause-model]')
  await page.waitForSelector('dialog >> text=Done')
  await page.click('dialog >> text=Close')
  await page.waitForSelector(`${row('host1:2')} >> text=paused (by_hand)`)
  await page.click(`${row('host1:2')} a`)
  await page.waitForSelector('[aria-labelledby=one-model]')
  expect(await page.locator('[aria-labelledby=one-model] [data-lever=capacity]').count()).toBe(0)
  const lastPolicy = async () => {
    const { version } = await store.read('default', 0, 1)
    return (await store.read('default', version - 1, 1)).events[0]
  }
  const units = '[aria-label="Units of host1:2"]'
  await page.fill(`${units} input`, 'vram=24, slots=2')
  await page.click(`${units} [type=submit]`)
  await page.waitForSelector('dialog >> text=policy_changed')
  await page.click('dialog [data-do=policy]')
  await page.waitForSelector('dialog >> text=Done')
  await page.click('dialog >> text=Close')
  expect(await lastPolicy()).toMatchObject({
    policy: { units: { 'host1:0': { vram: 24 }, 'host1:2': { vram: 24, slots: 2 } } },
  })
  await coordinator.setPolicy({ maxOvertakes: 100, units: { 'host1:2': { vram: 24 } } })
  await expect.poll(() => page.inputValue(`${units} input`)).toBe('vram=24')
  await page.fill(`${units} input`, '')
  await page.click(`${units} [type=submit]`)
  await page.click('dialog [data-do=policy]')
  await page.waitForSelector('dialog >> text=Done')
  await page.click('dialog >> text=Close')
  expect((await lastPolicy()) as object).not.toHaveProperty('policy.units')
  await page.fill('[aria-label=Weights] input', 'paid/*=4,*=1')
  await page.click('[aria-label=Weights] [type=submit]')
  await page.click('dialog [data-do=policy]')
  await page.waitForSelector('dialog >> text=Done')
  await page.click('dialog >> text=Close')
  expect(await lastPolicy()).toMatchObject({ policy: { weights: { 'paid/*': 4, '*': 1 } } })
  await page.click(`${row('flux')} a`)
  const input = page.locator('[aria-labelledby=one-model] [data-lever=capacity] input')
  await expect.poll(() => input.inputValue()).toBe('host1:0,host1:1,host1:2,host2:0')
  await input.fill('host1:0, host1:2')
  await page.click('[aria-labelledby=one-model] [data-lever=capacity] [type=submit]')
  await page.click('dialog [data-do=capacity]')
  await page.waitForSelector('dialog >> text=Done')
  expect(await lastPolicy()).toMatchObject({
    type: 'policy_changed',
    policy: { capacity: { flux: ['host1:0', 'host1:2'] } },
  })
  await coordinator.close()
})

it('shows a limit that answers of a provider speak for with its evidence, and sets it only when asked', async () => {
  const { coordinator, store, page } = await withCards()
  const proposal = { model: 'flux', resource: null, limit: 59, perSeconds: 60 }
  const said = {
    evidence: 'the provider asked to wait 5 times',
    command: 'npx interlock-queue policy set --rate flux=59/60',
  }
  await page.route('**/limits', (route) =>
    route.fulfill({ json: { queue: 'default', limits: [{ ...proposal, ...said }] } }),
  )
  await goTo(page, '?see=levers')
  const box = page.locator('[data-proposal=flux]')
  await expect.poll(() => box.textContent()).toContain('asked to wait 5 times. If that is its limit')
  await expect.poll(() => box.locator('code').textContent()).toBe(said.command)
  const { version } = await store.read('default', 0, 1)
  await box.locator('button').click()
  await page.waitForSelector('dialog >> text=policy_changed')
  expect((await store.read('default', 0, 1)).version).toBe(version)
  await page.click('dialog [data-do=rate]')
  await page.waitForSelector('dialog >> text=Done')
  const { events } = await store.read('default', version, 1)
  expect(events[0]).toMatchObject({ policy: { rate: { flux: { starts: 59, perSeconds: 60 } } } })
  await coordinator.close()
})

it('tries one card more, and other units', async () => {
  const { coordinator, page } = await withCards()
  await coordinator.cancel('a', { force: true })
  await goTo(page, '?see=what-if')
  const slider = page.locator('[data-drag=flux] input')
  await slider.fill('5')
  await page.locator('input[type=range] >> nth=0').waitFor()
  await page.waitForSelector('[data-outcome="flux=5"]')
  await page.locator('label.drag', { hasText: 'units host1:0' }).locator('input').fill('200')
  await page.waitForSelector('[data-outcome="flux=5,units host1:0 200 %"]')
  await coordinator.close()
})
