// Slow: attacks in the browser.
/** In a real browser: names that are markup, tabs that share, and a flood. */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../../src/engine/store/memory/index.ts'
import { browserForAll, opened, served, tabIn } from '../../../servers/dashboard/browser/browser.ts'

const browser = browserForAll()

/** All that somebody else's dashboard has taken for markup, an attribute, an address or a selector. */
const names = [
  '<img src=x onerror=globalThis.pwned=1>',
  '"><svg onload=globalThis.pwned=1>',
  `' onmouseover='globalThis.pwned=1`,
  '<script>globalThis.pwned=1</script>',
  'javascript:globalThis.pwned=1',
  '{{constructor.constructor("globalThis.pwned=1")()}}',
  '</title><iframe srcdoc="<script>parent.pwned=1</script>">',
  '__proto__',
  'constructor',
]
/** Those there are, and those that may come: an unknown one shows the first. */
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
]

/** In the page: points at every element, which may show something then, and looks for what was made of a name. */
const looking = `(() => {
  for (const element of document.querySelectorAll('*'))
    for (const type of ['pointerover', 'mouseover', 'pointermove', 'mousemove', 'focusin'])
      element.dispatchEvent(new MouseEvent(type, { bubbles: true, clientX: 50, clientY: 50 }))
  const made = 'img, iframe, script:not([src="page.js"]), [onload], [onerror], [onmouseover]'
  const links = [...document.querySelectorAll('[href], [src]')].map((element) => element.getAttribute('href') ?? element.getAttribute('src'))
  return {
    pwned: 'pwned' in globalThis,
    made: document.querySelectorAll(made).length,
    links: links.filter((link) => /^\\s*(javascript|data:text)/i.test(link)),
  }
})()`

it('markup in the names of jobs and models is text on every screen, in labels and tooltips too (CVE-2026-40179)', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy('by-model')
  // One that runs, one in line and a dead letter of each.
  for (const [n, name] of names.entries()) {
    await coordinator.enqueue([{ jobId: `${n}${name}`, models: [name], attempts: 1, fairKey: name }])
    const [lease] = await coordinator.claim({ max: 1, kinds: null })
    if (lease !== undefined) await coordinator.fail(lease.lease, { error: new Error(name), retryAt: null })
    await coordinator.enqueue([name, `${name} `].map((jobId) => ({ jobId: `${jobId}.`, models: [name] })))
    await coordinator.claim({ max: 1, kinds: null })
  }
  await coordinator.enqueue([{ jobId: 'held', models: ['held'] }])
  await coordinator.pauseModel('held', { reason: 'provider_down' })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  const isShown = () =>
    page
      .getByText(names[0] ?? '')
      .first()
      .waitFor({ state: 'attached' })
  await isShown()
  const { origin, pathname } = new URL(page.url())
  for (const see of screens) {
    const query = new URLSearchParams({ see, job: `${names[0]}.`, model: names[0] ?? '' })
    await page.goto(`${origin}${pathname}?${query}`)
    await page.waitForSelector('main')
    if (see === 'now') await isShown()
    const found = await page.evaluate(looking)
    expect(found, see).toEqual({ pwned: false, made: 0, links: [] })
  }
  await page.goto(`${origin}${pathname}`)
  await isShown()
  const text = (await page.textContent('body')) ?? ''
  for (const name of names) expect(text).toContain(name)
  await coordinator.close()
})

it('several tabs share one stream; when the one that has it goes, the next takes it, and nothing is missed', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue([{ jobId: 'first', models: ['m'] }])
  const { address, streams } = await served({ store })
  const first = await opened(browser(), address())
  await first.waitForSelector('[data-job=first]')
  const here = first.url()
  const others = [await tabIn(first.context(), here), await tabIn(first.context(), here)]
  for (const tab of others) await tab.waitForSelector('[data-job=first]')
  const tellsAll = async (jobId: string, tabs: typeof others) => {
    await coordinator.enqueue([{ jobId, models: ['m'] }])
    for (const tab of tabs) await tab.waitForSelector(`[data-job=${jobId}]`, { state: 'attached' })
  }
  // A busy machine may cut a stream, which then begins once more: what counts is that there is one.
  const isShared = async (begun: number) => {
    await expect.poll(() => streams.open).toBe(1)
    expect(streams.begun).toBeGreaterThanOrEqual(begun)
  }
  await tellsAll('second', [first, ...others])
  await isShared(1)
  await first.close()
  await tellsAll('third', others)
  await isShared(2)
  await others[0]?.close()
  await tellsAll('fourth', others.slice(1))
  // Which of the others took it is not known: one whose stream was cut stands behind those that wait.
  await isShared(2)
  await coordinator.close()
})

it('a flood of streams is turned away, and the page that is there goes on being told', async () => {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue([{ jobId: 'first', models: ['m'] }])
  const { address, streams } = await served({ store, maxStreamsPerActor: 4 })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-job=first]')
  await expect.poll(() => streams.open).toBe(1)
  const [cookie] = await page.context().cookies()
  const headers = { cookie: `${cookie?.name}=${cookie?.value}` }
  const flood = await Promise.all(
    Array.from({ length: 100 }, () =>
      fetch(new URL('api/queues/default/events?from=0', page.url()), { headers }),
    ),
  )
  const count = (status: number) => flood.filter((answer) => answer.status === status).length
  expect([count(200), count(503)]).toEqual([3, 97])
  await coordinator.enqueue([{ jobId: 'second', models: ['m'] }])
  await page.waitForSelector('[data-job=second]', { state: 'attached' })
  await Promise.all(flood.map(({ body }) => body?.cancel()))
  await expect.poll(() => streams.open).toBe(1)
  await coordinator.close()
})
