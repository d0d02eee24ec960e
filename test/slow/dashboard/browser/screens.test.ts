// Slow, 15 s: each screen.
/** Each screen in a real browser, held to what the command says. */
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { explainLive } from '../../../../src/engine/core/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { auditLog } from '../../../../src/tools/audit/index.ts'
import { duration } from '../../../../src/tools/format/index.ts'
import { stats, whatIf } from '../../../../src/tools/insight/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { sceneOf, waitsLongest } from './scene.ts'

const browser = browserForAll()

it('Now says whether the queue is healthy, which it is and where, and what the line waits for', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy('by-model')
  const ids = Array.from({ length: 1_252 }, (_, n) => `clip-${n}`)
  await coordinator.enqueue(ids.map((jobId) => ({ jobId, models: ['veo-3'] })))
  await coordinator.claim({ max: 1, kinds: null })
  const { address } = await served({ store, environment: 'production' })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-health=green]')
  await page.waitForSelector('.dot[data-level=green]')
  expect(await page.textContent('[data-queue]')).toBe('default')
  expect(await page.textContent('[data-environment]')).toBe('production')
  expect(await page.textContent('header .clock')).toMatch(/\d{4}.*(UTC|GMT|[A-Z]{3,4})/)
  const group = page.locator('[data-group=model_in_use][data-of=veo-3]')
  await expect.poll(() => group.textContent()).toBe('1,251 wait for veo-3')
  await coordinator.pauseModel('veo-3', { reason: 'provider_down' })
  await page.waitForSelector('[data-health=amber] [data-check=paused][data-level=amber]')
  await expect.poll(() => page.textContent('.reasons')).toBe('1,251 wait for the paused model veo-3')
  await coordinator.close()
  await page.waitForSelector('[data-health=red] [data-check=processes][data-level=red]')
  expect(await page.getAttribute('.dot', 'data-level')).toBe('red')
  expect(await page.textContent('[data-check=processes]')).toContain(
    'no process is alive: 1 job runs, 1,251 jobs wait',
  )
  await page.click('[data-check=paused] a')
  await page.waitForSelector('[aria-labelledby=model-levers]')
  await goTo(page, '?at=3')
  await page.waitForSelector('[data-health=unknown]')
})

it('Why shows the sentence, the places and the chain of explain, and draws which job waits for which', async () => {
  const { store, ledger, run } = await sceneOf({ seconds: 600, jobs: 120, waiting: 30 })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  const jobId = waitsLongest(ledger())
  const found = explainLive({ ledger: ledger(), now: Date.now() * 1_000 + 60_000_000, workers: null }, jobId)
  await goTo(page, `?see=why&job=${jobId}`)
  await page.waitForSelector(`[data-why=${found?.code}]`)
  expect(await page.textContent('[data-fact="has to happen"]')).toBe(found?.whatHasToHappen)
  expect(await page.locator('[data-fact=chain] a').allTextContents()).toEqual(found?.chain)
  for (const { model, ahead } of found?.models ?? [])
    expect(await page.getAttribute(`[data-place="${model}"]`, 'data-ahead')).toBe(String(ahead))
  await page.waitForSelector(`[data-edge^="${jobId} "]`)
  await expect
    .poll(() => page.textContent('[data-fact=estimate]'))
    .toMatch(/^(in about|at once|nobody can say: )/)
  await page.click('[aria-labelledby=data] button')
  await expect.poll(() => page.textContent('[aria-labelledby=data]')).toContain('It has neither')
  // It is live: what changes is drawn.
  await run({ type: 'cancel', jobId, force: false })
  await page.waitForSelector('[data-why=ended]')
})

it('Figures are those of interlock stats, and the parts come to the whole', async () => {
  const { store, ledger } = await sceneOf({ seconds: 900, jobs: 200 })
  const { version } = ledger()
  const said = await stats({ store }, { since: 1, until: version, slices: 96 })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, `?see=figures&at=${version}`)
  await page.click('text=all loaded')
  const parts = page.locator('[aria-labelledby=split] [data-bar]')
  const text = said.split
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ name, ms }) => `${name.replace('_', ' ')} ${duration(ms)}`)
  await expect
    .poll(async () =>
      (await parts.all()).reduce<Promise<string[]>>(
        async (all, row) => [
          ...(await all),
          `${await row.locator('th').textContent()} ${await row.locator('.value').textContent()}`,
        ],
        Promise.resolve([]),
      ),
    )
    .toEqual(text)
  const whole = said.split.reduce((sum, { ms }) => sum + ms, 0)
  expect(await page.textContent('[aria-labelledby=split] .aside')).toBe(duration(whole))
  expect(await page.textContent('[data-figure="95 % waited up to"]')).toBe(duration(said.waiting.p95))
})

it('History has one period: what is zoomed into is drawn and measured, and What if tries rules on it', async () => {
  const { store } = await sceneOf({ seconds: 900, jobs: 200 })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  // Where the screens led that it was made of.
  for (const former of ['time', 'figures']) {
    await goTo(page, `?see=${former}`)
    await page.waitForSelector('nav [aria-current=page] >> text=History')
  }
  const queued = async () => Number((await page.textContent('[aria-labelledby=ends] p'))?.split(' ')[0])
  await expect.poll(queued).toBe(200)
  await page.click('[aria-label="Zoom in"]')
  await page.waitForSelector('[data-period]')
  await expect.poll(queued).toBeLessThan(150)
  const part = await queued()
  await page.keyboard.press('-')
  await expect.poll(queued).toBeGreaterThan(part)
  // What is dragged stays under the pointer: the figures below it are there until the next ones are.
  const before = await page.textContent('[data-period]')
  const { x = 0, y = 0, width = 0 } = (await page.locator('.canvas canvas').boundingBox()) ?? {}
  await page.mouse.move(x + width / 2, y + 60)
  await page.mouse.down()
  for (const by of [40, 80, 120]) {
    await page.mouse.move(x + width / 2 + by, y + 60)
    expect(await page.locator('[aria-labelledby=ends]').count()).toBe(1)
  }
  await page.mouse.up()
  const period = await page.textContent('[data-period]')
  expect(period).not.toBe(before)
  await goTo(page, '?see=what-if')
  await page.waitForSelector('[data-outcome=simulated]')
  expect(await page.textContent('[data-period]')).toBe(period)
  await page.click('main >> text=15 min')
  expect(await page.locator('[data-period]').count()).toBe(0)
})

it('What if says what interlock what-if says', async () => {
  const { store } = await sceneOf({ seconds: 900, jobs: 200 })
  const tries = [{ policy: { capacity: { 'flux-dev': 1, 'llama-70b': 2 } } }]
  const { outcomes } = await whatIf({ store }, { since: 1, tries })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=what-if')
  await page.click('text=all loaded')
  const places = page.locator('[data-drag=flux-dev] input')
  await places.focus()
  await page.keyboard.press('ArrowLeft')
  const cells = (name: string) =>
    page
      .locator(`[data-busy=false] [data-outcome="${name}"] [data-ms]`)
      .evaluateAll((all) => all.map((cell) => Number(cell.getAttribute('data-ms'))))
  const numbers = (index: number) => {
    const outcome = outcomes[index]
    if (outcome === undefined) throw new Error('there is no such outcome')
    const { waiting, makespanMs } = outcome
    return [waiting.mean, waiting.p50, waiting.p95, waiting.max, makespanMs]
  }
  await expect.poll(() => cells('flux-dev=1')).toEqual(numbers(2))
  expect(await cells('happened')).toEqual(numbers(0))
  expect(await cells('simulated')).toEqual(numbers(1))
})

it('What if says how many jobs other rules would have refused', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  const jobs = ['a', 'b', 'c', 'd'].map((jobId) => ({ jobId, models: ['m'], fairKey: 'k' }))
  await coordinator.enqueue(jobs)
  for (const { jobId } of jobs) {
    await coordinator.takeUp(jobId)
    await coordinator.onJobComplete(jobId, 'normal')
  }
  await coordinator.setPolicy({ fairShare: { spacingSeconds: 0, maxWaiting: 1, maxActive: null } })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=what-if')
  await page.waitForSelector('[data-busy=false] th >> text=refused')
  const said = () => page.locator('[data-outcome] td:last-child').allTextContents()
  await expect.poll(said).toEqual(['0', '0', '2'])
  await coordinator.close()
})

it('Proof finds what interlock audit finds, with the same digest', async () => {
  const { store } = await sceneOf({ seconds: 900, jobs: 300 })
  const said = await auditLog({ store })
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { acceptDownloads: true })
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=proof')
  await page.waitForSelector('text=That is all of the log')
  await page.click('text=Audit what is loaded')
  const found = page.locator('[data-digest]')
  expect(await found.getAttribute('data-digest')).toBe(said.digest)
  expect(await found.getAttribute('data-violations')).toBe('0')
  const coming = page.waitForEvent('download')
  await page.click('text=Save the report')
  const saved = await coming
  expect(saved.suggestedFilename()).toBe('audit-default.md')
  expect(await readFile(await saved.path(), 'utf8')).toContain(`| digest | \`${said.digest}\` |`)
})

it('Proof says nothing before the log is read, then of which events it speaks, and nothing of none', async () => {
  const { store, ledger } = await sceneOf({ seconds: 300, jobs: 60 })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  const held: (() => void)[] = []
  const link = { isHeld: true }
  await page.route(/snapshot/, (route) =>
    link.isHeld ? void held.push(() => void route.continue()) : route.continue(),
  )
  await goTo(page, '?see=proof')
  await expect.poll(() => held.length).toBeGreaterThan(0)
  await page.click('text=Audit what is loaded')
  await page.waitForSelector('text=Auditing…')
  expect(await page.locator('[data-digest]').count()).toBe(0)
  link.isHeld = false
  for (const goOn of held) goOn()
  const last = ledger().version.toLocaleString('en')
  await page.waitForSelector(`text=No promise was broken, in events 1 to ${last}`)

  const empty = await served({ store: memoryStore() })
  const other = await opened(browser(), empty.address())
  await goTo(other, '?see=proof')
  await other.click('text=Audit what is loaded')
  await other.waitForSelector('text=Nothing was audited')
  expect(await other.locator('.verdict').count()).toBe(0)
})

it('the Log filters, and says the question as SQL and as a command', async () => {
  const { store, ledger } = await sceneOf({ seconds: 300, jobs: 60 })
  const { events } = await store.read('default', 0, 1_000)
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=list&q=events')
  await expect.poll(() => page.getAttribute('[data-found]', 'data-found')).toBe(String(ledger().version))
  await page.selectOption('[aria-labelledby=list] select', 'completed')
  const completed = events.filter(({ type }) => type === 'completed').length
  await expect.poll(() => page.getAttribute('[data-found]', 'data-found')).toBe(String(completed))
  await goTo(page, "?see=list&q=events job:o'brien")
  await page.waitForSelector(`[data-copies="npx interlock-queue explain 'o'\\\\''brien'"]`)
  const sql = await page.getAttribute('[data-copies^=SELECT]', 'data-copies')
  expect(sql).toBe(
    "SELECT * FROM job_queue_log WHERE queue = 'default' AND job_id = 'o''brien' ORDER BY seq DESC LIMIT 200;",
  )
})
