// Slow, 15 s: pages in a browser.
/** What somebody who is called at night looks for: which card is broken, whose jobs fill the line, what somebody changed. */
import { expect, it } from 'vitest'
import { commitBeside } from '../../../../src/engine/coordinator/commit/commit-beside.ts'
import {
  type Coordinator,
  createCoordinator,
  silentLogger,
} from '../../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../../src/engine/store/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'

const browser = browserForAll()

/** Two cards; what runs on the first fails. Of the jobs that wait most are one customer's. */
async function troubled(): Promise<{ readonly store: LogStore; readonly coordinator: Coordinator }> {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger, name: 'gpu' })
  await coordinator.setPolicy({ maxActive: null, capacity: { flux: ['h:0', 'h:1'] } })
  await coordinator.enqueue(
    Array.from({ length: 9 }, (_, n) => ({
      jobId: `j${n}`,
      models: ['flux'],
      attempts: 1,
      fairKey: n < 3 ? 'small' : 'large',
    })),
  )
  const [first, second] = await coordinator.claim({ max: 2, kinds: null })
  if (first !== undefined) await coordinator.fail(first.lease, { error: 'CUDA error: out of memory' })
  if (second !== undefined) await coordinator.complete(second.lease)
  return { store, coordinator }
}

it('says on Now where attempts failed and whose jobs wait, and leads to both', async () => {
  const { store, coordinator } = await troubled()
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  const text = (of: string) => page.textContent(of, { timeout: 1_000 }).catch(() => null)
  const failed = (what: string, name: string) =>
    text(`[aria-labelledby=failing] [data-failed=${what}] [data-bar="${name}"] .value`)
  await expect.poll(() => failed('place', 'h:0')).toBe('1 of 1')
  expect(await page.locator('[data-failed=place] [data-bar]').count()).toBe(1)
  expect(await failed('model', 'flux')).toBe('1 of 2')
  const waiting = () => page.locator('[data-customer]').allTextContents()
  await expect.poll(waiting).toEqual(['6 of large', '1 of small'])
  await page.click('[data-customer=large] a')
  await page.waitForSelector('[data-found="6"]')
  await goTo(page, '?see=history')
  await expect.poll(() => text('[aria-labelledby=failed] [data-bar="h:0"] .value')).toBe('1 of 1')
  expect(await text('[aria-labelledby=customers] [data-bar=large] .value')).toBe('6 queued')
  await coordinator.close()
})

it('says in one line that nothing failed, and what cannot be read', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  const failing = page.locator('[aria-labelledby=failing]')
  await expect.poll(() => failing.locator('[data-load=empty]').textContent()).toBe('No attempt has failed.')
  expect(await page.locator('[data-customer]').count()).toBe(0)
  await page.route('**/failures?*', (route) => route.abort())
  await failing.getByText('24 h').click()
  await failing.locator('[data-load=failed]').waitFor()
  await coordinator.close()
})

it('finds in all of the log what somebody changed, at that time and by name, and says it as a command', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  const limit = { forMs: 5_000, signal: new AbortController().signal }
  const ada = { operator: 'ada', host: 'db-7', command: 'interlock pause' }
  await commitBeside({ store, queue: 'default', limit, operator: ada }, [
    { type: 'pause_model', model: 'm', reason: 'by_hand', until: null },
  ])
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { timezoneId: 'Asia/Kolkata' })
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=list&q=events operator:ada')
  const rows = () => page.locator('[data-seq]').allTextContents()
  await expect.poll(async () => (await rows()).join()).toMatch(/model_pausedby ada on db-7, m: by_hand$/)
  await page.selectOption('select >> nth=0', 'changes')
  expect(new URL(page.url()).searchParams.get('q')).toBe('events operator:ada type:changes')
  const at = (ms: number) =>
    new Date(Date.now() + ms).toLocaleTimeString('sv', { timeZone: 'Asia/Kolkata' }).slice(0, 8)
  const asked = page.waitForRequest(/search\?/)
  await goTo(page, `?see=list&q=events since:${at(-60_000)}`)
  expect(new URL((await asked).url()).searchParams.get('since')).toMatch(/\+05:30$/)
  await page.waitForSelector('[data-found="2"]')
  expect(await page.getAttribute('text=Copy as command', 'data-copies')).toMatch(
    /log --limit 10000 --since '?\d\d:/,
  )
  await goTo(page, '?see=list&q=events until:1d')
  await page.waitForSelector('text=No event fits')
  await goTo(page, '?see=list&q=events since:soon')
  await page.waitForSelector('[data-load=failed]')
  await coordinator.close()
})

it('says which jobs failed in the last hour, by error, and leads to them', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy({ maxActive: null, capacity: { m: 9 } })
  await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['m'], attempts: 1 })))
  for (const { lease } of await coordinator.claim({ max: 3, kinds: null }))
    await coordinator.fail(lease, { error: lease.jobId === 'c' ? 'quota' : `no answer\n${lease.jobId}` })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.click('[data-check=dead] a')
  expect(new URL(page.url()).searchParams.get('q')).toBe('dead since:1h')
  const groups = () => page.locator('[data-group]').allTextContents()
  await expect
    .poll(groups)
    .toEqual([expect.stringMatching(/^2.*no answerm/), expect.stringMatching(/^1.*quotam/)])
  // The kind stands beside the field, and the rest in it.
  const field = page.locator('main input[type=search]')
  expect(await field.inputValue()).toBe('since:1h')
  await field.fill('since:1h model:nothing')
  await page.waitForSelector('[data-load=empty]')
  expect(new URL(page.url()).searchParams.get('q')).toBe('dead since:1h model:nothing')
  await field.fill('since:1h')
  await page.click('[data-group] >> nth=1 >> text=quota')
  await expect.poll(() => page.locator('[data-state=dead]').count()).toBe(1)
  await page.click('[data-state=dead] a')
  await expect.poll(() => new URL(page.url()).searchParams.get('see')).toBe('why')
  const asked = page.waitForRequest(/dead\?since/)
  await goTo(page, '?see=list&q=dead since:15m')
  expect(new URL((await asked).url()).searchParams.get('since')).toBe('15m')
  await page.route('**/dead?*', (route) => route.fulfill({ json: { jobs: [], before: null } }))
  await page.click('text=24 h')
  await page.waitForSelector('text=No job has failed for good.')
  await coordinator.close()
})

it('on a phone ids that begin alike are told apart: what is cut stands in the middle', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  const jobIds = ['1007', '1014'].map((end) => `0193f6a2-7c1e-7e4a-9b1d-8f3c2a5b${end}`)
  await coordinator.enqueue([
    { jobId: 'a', models: ['m'] },
    ...jobIds.map((jobId) => ({ jobId, models: ['m'] })),
  ])
  await coordinator.claim({ max: 1, kinds: null })
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { viewport: { width: 390, height: 844 } })
  const links = page.locator('[aria-labelledby=line] a.job')
  await expect.poll(() => links.allTextContents()).toEqual(jobIds)
  const cut = await links.evaluateAll((all) =>
    all.map((link) =>
      [link, link.querySelector('span')].map((each) => each !== null && each.scrollWidth > each.clientWidth),
    ),
  )
  expect(cut).toEqual([
    [false, true],
    [false, true],
  ])
  await coordinator.close()
})
