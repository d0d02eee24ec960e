import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import {
  createDashboard,
  type Dashboard,
  type DashboardOptions,
  type Grant,
  tokenSession,
  toNodeHandler,
} from '../../../../src/apps/dashboard/index.ts'
import { madeOnce } from '../../../support/once.ts'
import { operator } from '../support.ts'

/** The first run on a machine without Chromium installs it. */
const INSTALL_MS = 300_000

/** One browser for a test file. */
export function browserForAll(): () => Browser {
  let browser: Browser | undefined
  beforeAll(async () => {
    // As root there is no sandbox to be had.
    browser = await chromium.launch({ executablePath: await madeOnce('chromium'), args: ['--no-sandbox'] })
  }, INSTALL_MS)
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
  /** Streams that are open, and how many there have been. */
  readonly streams: { open: number; begun: number }
}

/** A dashboard on a port of its own, as the command serves it. */
export async function served({
  grant = operator,
  ...options
}: Omit<DashboardOptions, 'authorize'> & { readonly grant?: Grant }): Promise<Served> {
  const session = tokenSession({ grant })
  const page = await madeOnce('page')
  const dashboard = createDashboard({ ...options, authorize: session, page })
  const handle = toNodeHandler(dashboard)
  const streams = { open: 0, begun: 0 }
  const server = createServer((incoming, outgoing) => {
    if (/\/events\?/.test(incoming.url ?? '')) {
      streams.open++
      streams.begun++
      outgoing.once('close', () => streams.open--)
    }
    handle(incoming, outgoing)
  })
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
    streams,
  }
}

/** A page in a browser of its own, that has met no fault when the test is over. */
export async function opened(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext(options)
  const page = await tabIn(context, address)
  onTestFinished(() => context.close())
  return page
}

/** Another tab of a browser. */
export async function tabIn(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    // What the policy of the page has refused, above all; that a connection was lost is no fault of the page.
    if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
      faults.push(message.text())
  })
  onTestFinished(() => expect(faults).toEqual([]))
  await page.goto(address)
  return page
}

/** Goes to another address of the page, as a link in it does. */
export const goTo = (page: Page, query: string): Promise<void> =>
  page.evaluate((to) => {
    history.pushState(null, '', to)
    dispatchEvent(new PopStateEvent('popstate'))
  }, `./${query}`)
