// Slow: what each screen says before, without and about something.
/** What a screen says is so: no verdict and no number before reading has ended, none over nothing, and none about something else. */
import type { Page, Route } from 'playwright-core'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { sceneOf } from './scene.ts'

const browser = browserForAll()
const away = { status: 503, json: { error: { code: 'store_unavailable', message: 'the database is away' } } }

/** A page at a queue, in another zone than UTC. */
async function at(store: Parameters<typeof served>[0]['store'], timezoneId = 'Asia/Tokyo') {
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { timezoneId, locale: 'en-GB' })
  await page.waitForSelector('[data-figure=event]')
  return page
}

async function queueOf(jobs: number) {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy('by-model')
  const ids = Array.from({ length: jobs }, (_, n) => `clip-${n}`)
  await coordinator.enqueue(ids.map((jobId) => ({ jobId, models: ['flux'] })))
  return { store, coordinator }
}

const asideOf = (page: Page, panel: string) => page.locator(`[aria-labelledby=${panel}] .head`).textContent()

it('no number is said while events are on their way, nor when they could not be read', async () => {
  const { store } = await sceneOf({ seconds: 60, jobs: 12 })
  const page = await at(store)
  const held: Route[] = []
  await page.route(/\/(dead|log|jobs\/[^/]+\/log)(\?|$)/, (route) => void held.push(route))
  const titles = { log: 'Log', dead: 'Dead letters', life: 'History' }
  for (const [see, title] of Object.entries(titles)) {
    const panel = see === 'life' ? 'life' : 'list'
    await goTo(page, see === 'life' ? '?see=why&job=job-1' : `?see=${see}`)
    await expect.poll(() => held.length).toBeGreaterThan(0)
    expect(await asideOf(page, panel)).toBe(title)
    for (const route of held.splice(0)) await route.fulfill(away)
    await page.waitForSelector(`[aria-labelledby=${panel}] [data-load=failed]`)
    expect(await asideOf(page, panel)).toBe(title)
  }
})

it('an audit of nothing is no report, and says why there was nothing', async () => {
  const { store } = await sceneOf({ seconds: 60, jobs: 12 })
  const page = await at(store)
  await page.route('**/log?*', (route) => route.fulfill(away))
  await goTo(page, '?see=proof')
  await page.waitForSelector('text=It could not be read: the database is away')
  await page.click('text=Audit what is loaded')
  await page.waitForSelector('[aria-labelledby=proof] [data-load=failed] >> text=the database is away')
  expect(await page.locator('text=Save the report').count()).toBe(0)

  const empty = await at(memoryStore())
  await goTo(empty, '?see=proof')
  await empty.waitForSelector('text=The log has no event.')
  await empty.click('text=Audit what is loaded')
  await empty.waitForSelector('text=Nothing was audited')
  expect(await empty.locator('text=Save the report').count()).toBe(0)
})

it('Why asks the server about a job that ended long ago, and says when nobody has heard of one', async () => {
  const { store, coordinator } = await queueOf(1)
  const [lent] = await coordinator.claim({ max: 1, kinds: null })
  if (lent === undefined) throw new Error('the job has not started')
  await coordinator.complete(lent.lease)
  const page = await at(store)
  let read = 0
  await page.route('**/log?*', (route) => {
    read++
    return route.continue()
  })
  await page.fill('header input[type=search]', 'clip-0')
  await page.click('header li >> text=look for this job')
  await page.waitForSelector('[data-why=ended] >> text=completed')
  expect(await page.locator('.life b').allTextContents()).toEqual(['queued', 'started', 'completed'])
  expect(read).toBe(0)
  await goTo(page, '?see=why&job=clip-9')
  await page.waitForSelector('text=The queue has never heard of it')
  await page.waitForSelector('text=No event of the log names this job.')
  await coordinator.close()
})

it('the Log says among how many events it has looked', async () => {
  const { store } = await sceneOf({ seconds: 60, jobs: 12 })
  const page = await at(store)
  await goTo(page, '?see=list&q=events job:job-3')
  await expect.poll(() => page.textContent('[data-found]')).toMatch(/^\d events, of all of the log$/)
})

it('a link to an unknown queue shows no other one, and no action', async () => {
  const { store, coordinator } = await queueOf(1)
  const { address } = await served({ store })
  const page = await opened(browser(), 'about:blank')
  const url = new URL(address())
  url.search = '?queue=defualt&see=levers'
  await page.goto(url.href)
  await page.waitForSelector('[data-load=unknown] >> text=There is no queue defualt')
  expect(await page.locator('header, main, button').count()).toBe(0)
  await page.click('[data-queue=default]')
  await page.waitForSelector('[data-figure=event]')
  await coordinator.close()
})

it.each([
  ['many by how many they are', '&q=model:flux', '21', 'default'],
  ['all of a queue by its name', '', 'default', '21'],
])('jobs are cancelled only by who writes it down: %s', async (_, query, right, other) => {
  const { store, coordinator } = await queueOf(21)
  const page = await at(store)
  await goTo(page, `?see=list${query}`)
  await page.waitForSelector('[data-found="21"]')
  await page.click('text=Cancel all…')
  const button = page.locator('dialog [data-do=cancel]')
  await button.waitFor()
  const input = page.locator('dialog [name=how-many]')
  expect(await button.textContent()).toBe('Cancel 21 jobs')
  expect(await page.textContent('dialog [data-says]')).toBe('21 jobs stop waiting.')
  for (const wrong of ['', '2', '210', 'all', other]) {
    await input.fill(wrong)
    await input.press('Enter')
    expect({ wrong, isDisabled: await button.isDisabled() }).toEqual({ wrong, isDisabled: true })
  }
  await page.waitForSelector('[data-found="21"]')
  await input.fill(right)
  await button.click()
  await page.waitForSelector('dialog >> text=Done: 21 jobs.')
  await coordinator.close()
})

it('times in reasons are those of the reader, on every screen', async () => {
  const { store, coordinator } = await queueOf(2)
  const until = new Date(Date.now() + 30 * 86_400_000)
  const zone = { timeZone: 'Asia/Tokyo' }
  const there = `${until.toLocaleDateString('en-GB', zone)} ${until.toLocaleTimeString('en-GB', zone)}`
  await coordinator.pauseModel('flux', { reason: 'provider_down', until })
  const page = await at(store)
  for (const [query, part] of [
    ['?see=list', '[data-job=clip-0] .reason'],
    ['?see=why&job=clip-0', '[data-why=model_paused]'],
    ['?see=list&q=events type:model_paused', '[data-seq] .detail'],
  ] as const) {
    await goTo(page, query)
    const text = () => page.locator(part).first().textContent()
    await expect.poll(text).toContain(there)
    expect(await text()).not.toMatch(/\d\dT\d\d:|:\d\dZ|\.\d{3}/)
  }
  await coordinator.close()
})

it('times in notices, and in what could not be read, are those of the reader too', async () => {
  const { store } = await sceneOf({ seconds: 60, jobs: 12 })
  const page = await at(store)
  const when = new Date('2026-03-04T15:00:07Z')
  const zone = { timeZone: 'Asia/Tokyo' }
  const there = `gone since ${when.toLocaleDateString('en-GB', zone)} ${when.toLocaleTimeString('en-GB', zone)}`
  const error = { code: 'store_unavailable', message: 'gone since 2026-03-04T15:00:07.123Z' }
  await page.route(/\/(dead|snapshot|events|me)(\?|$)/, (route) =>
    route.fulfill({ status: 503, json: { error } }),
  )
  await goTo(page, '?see=list&q=dead')
  const failed = () => page.textContent('main [data-load=failed]')
  await expect.poll(failed).toBe(`This could not be read: ${there} Try again`)
  const notices = page.locator('.notice')
  await goTo(page, '?see=now&at=3')
  await expect.poll(() => notices.allTextContents()).toContain(there)
})

it('a job beside the line is not the first in it, and places are no models', async () => {
  const { store, coordinator } = await queueOf(1)
  await coordinator.setPolicy({
    maxActive: null,
    capacity: { flux: ['h:0', 'h:1'] },
    units: { 'h:1': { vram: 24 } },
  })
  await coordinator.claim({ max: 1, kinds: null, serves: ['h:*'] })
  await coordinator.pauseModel('h:1', { reason: 'broken', until: new Date(Date.now() + 7_200_000) })
  await coordinator.enqueue([{ jobId: 'later', models: ['flux'], runAt: new Date(Date.now() + 3_600_000) }])
  const page = await at(store)
  await expect.poll(() => page.textContent('[data-figure=models]')).toBe('1')
  const card = page.locator('[aria-labelledby=cards] [data-model="h:1"]')
  await expect.poll(() => card.textContent()).toMatch(/paused \(broken\), ends +in .*, 24 vram left$/)
  expect(await page.locator(`[data-worker="${coordinator.workerId}"]`).textContent()).toContain(
    'runs no jobs',
  )
  for (const jobId of ['later', 'clip-0']) {
    await goTo(page, `?see=why&job=${jobId}`)
    await page.waitForSelector('[data-place=flux]')
    expect(await page.textContent('[data-place=flux]')).not.toContain('in its line')
  }
  await coordinator.close()
})

it('What if says how far the same is off when simulated, and nothing where no job has ended', async () => {
  const { store, coordinator } = await queueOf(2)
  const page = await at(store)
  await goTo(page, '?see=what-if')
  await page.waitForSelector('[data-load=empty] >> text=No job ended in that time')
  await coordinator.claim({ max: 1, kinds: null })
  await coordinator.onJobComplete('clip-0', 'normal')
  await goTo(page, '?see=now')
  await goTo(page, '?see=what-if')
  await expect
    .poll(() => page.textContent('[data-error]'))
    .toMatch(/^The same, simulated, differs from what happened: mean wait (—|[+−]\d+ %), makespan [+−]\d+ %/)
  await coordinator.close()
})
