import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext } from 'playwright-core'
import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { sized } from '../frame/bench.ts'
import { connected } from '../frame/servers.ts'
import { cpuOf, dashboardOf, type Host, patientPage } from './host.ts'
import type { Part } from './part.ts'

/** Until what a page asks for when it is opened is over. */
const SETTLE_MS = 3_000

/** So many browsers, each with the page open: they share no stream. */
async function viewersOf(browser: Browser, { address }: Host, count: number) {
  const contexts: BrowserContext[] = []
  for (let n = 0; n < count; n++) {
    const context = await browser.newContext()
    const [first] = contexts
    // The token is good once; the cookie that it became opens the others.
    if (first !== undefined) await context.addCookies(await first.cookies())
    contexts.push(context)
    const page = await patientPage(context)
    await page.goto(n === 0 ? address : (address.split('#')[0] ?? ''))
    await page.waitForSelector('[data-figure=event]')
  }
  await sleep(SETTLE_MS)
  return async () => {
    for (const context of contexts) await context.close()
  }
}

/** A queue where nothing happens, and one viewer. */
export const idle: Part = {
  id: 'idle',
  figures: {
    cpu: { what: "host's processor with one idle viewer", unit: '% of a core', goal: { most: 1 } },
    alone: { what: '… without a viewer', unit: '% of a core' },
  },
  lacks: () => (process.platform === 'linux' ? undefined : 'the time of a process is read from /proc'),
  measure: async (context, browser) => {
    const lookMs = sized(context, 20_000, 1_000)
    const url = await context.servers.database()
    const host = await dashboardOf(url)
    const share = async () => {
      const before = cpuOf(host.child)
      await sleep(lookMs)
      return ((cpuOf(host.child) - before) / lookMs) * 100
    }
    await sleep(SETTLE_MS)
    const alone = await share()
    const leave = await viewersOf(browser, host, 1)
    const cpu = await share()
    await leave()
    await host.stop()
    await context.servers.drop(url)
    return { cpu, alone }
  },
}

/** Statements of the dashboard's own connections while jobs come in, one at a time. */
async function callsOf(url: string, enqueue: (jobId: string) => Promise<unknown>, jobs: number) {
  return connected(url, async (client) => {
    await client.query('select pg_stat_statements_reset()')
    for (let n = 0; n < jobs; n++) {
      await enqueue(`job-${n}`)
      await sleep(50)
    }
    await sleep(1_000)
    const { rows } = await client.query<{ calls: number }>(
      `select coalesce(sum(calls), 0)::float8 as calls from pg_stat_statements
        where userid = (select oid from pg_roles where rolname = 'dashboard_bench')`,
    )
    return rows[0]?.calls ?? Number.NaN
  })
}

/** What the statements of a dashboard are known by: a user of its own. */
async function ownUser(url: string): Promise<string> {
  await connected(url, async (client) => {
    await client.query('create extension if not exists pg_stat_statements')
    await client.query(
      `do $$ begin
         execute format('alter database %I set pg_stat_statements.track = top', current_database());
         if not exists (select from pg_roles where rolname = 'dashboard_bench') then
           create role dashboard_bench superuser login;
         end if;
       end $$`,
    )
  })
  const own = new URL(url)
  own.username = 'dashboard_bench'
  return own.href
}

/** One viewer, and then ten. */
export const viewers: Part = {
  id: 'viewers',
  figures: {
    one: { what: 'statements for 100 events, one viewer', unit: '' },
    ten: { what: 'statements for 100 events, ten viewers', unit: '' },
    ratio: { what: 'ten viewers over one', unit: '×', goal: { most: 1.1 } },
  },
  measure: async (context, browser) => {
    const jobs = sized(context, 100, 10)
    const found: number[] = []
    for (const count of [1, 10]) {
      const url = await context.servers.database()
      const host = await dashboardOf(await ownUser(url))
      const store = postgresStore(url)
      const coordinator = await createCoordinator({ store, logger: silentLogger })
      const leave = await viewersOf(browser, host, count)
      const enqueue = (jobId: string) => coordinator.enqueue([{ jobId, models: ['m'] }])
      found.push(await callsOf(url, enqueue, jobs))
      await leave()
      await host.stop()
      await coordinator.close()
      await store.close()
      await context.servers.drop(url)
    }
    const [one = Number.NaN, ten = Number.NaN] = found
    return { one, ten, ratio: ten / one }
  },
}
