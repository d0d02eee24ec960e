import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import {
  createDashboard,
  type Dashboard,
  type DashboardOptions,
  type Grant,
  tokenSession,
  toNodeHandler,
} from '../../../src/dashboard/index.ts'
import { chromiumPath } from '../../support/chromium.ts'
import { madeOnce } from '../../support/once.ts'
import { operator } from '../support.ts'

/** One browser for a test file. */
export function browserForAll(): () => Browser {
  let browser: Browser | undefined
  beforeAll(async () => {
    // As root there is no sandbox to be had.
    browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
  })
  return () => {
    if (browser === undefined) throw new Error('there is no browser')
    return browser
  }
}

export interface Served {
  readonly dashboard: Dashboard
  /** With a token in it, which is good once. */
  readonly address: () => string
  /** Cuts every connection, as a proxy does that is started again. */
  cut(): void
}

/** A dashboard on a port of its own, as the command serves it. */
export async function served({
  grant = operator,
  ...options
}: Omit<DashboardOptions, 'authorize'> & { readonly grant?: Grant }): Promise<Served> {
  const session = tokenSession({ grant })
  const page = await madeOnce('page')
  const dashboard = createDashboard({ ...options, authorize: session, page })
  const server = createServer(toNodeHandler(dashboard))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await dashboard.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return {
    dashboard,
    address: () => `http://127.0.0.1:${port}/#${session.token}`,
    cut: () => server.closeAllConnections(),
  }
}

/** A page in a browser of its own, that has met no fault when the test is over. */
export async function opened(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    // What the policy of the page has refused, above all; that a connection was lost is no fault of the page.
    if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
      faults.push(message.text())
  })
  onTestFinished(async () => {
    await context.close()
    expect(faults).toEqual([])
  })
  await page.goto(address)
  return page
}

/** Goes to another address of the page, as a link in it does. */
export const goTo = (page: Page, query: string): Promise<void> =>
  page.evaluate((to) => {
    history.pushState(null, '', to)
    dispatchEvent(new PopStateEvent('popstate'))
  }, `./${query}`)
