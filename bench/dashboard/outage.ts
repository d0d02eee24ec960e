import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import { migrateAt } from '../frame/servers.ts'
import { dashboardOf, patientPage } from './host.ts'
import type { Part } from './part.ts'

/** SIGKILL to PostgreSQL under the dashboard, with the page open; then it is started again, and the log goes on. */
export const outage: Part = {
  id: 'outage',
  figures: {
    back: { what: 'PostgreSQL is back → the page has all', unit: 's', goal: { most: 5 } },
  },
  measure: async (_context, browser) => {
    await using server = await startPostgres({ fsync: true })
    await migrateAt(server.url)
    const host = await dashboardOf(server.url)
    const page = await patientPage(browser)
    await page.goto(host.address)
    await page.waitForSelector('[data-figure=event]')
    await server.kill()
    await page.waitForSelector('[data-notice]')
    await server.restart()
    const back = performance.now()
    const store = postgresStore(server.url)
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    await coordinator.enqueue([{ jobId: 'after', models: ['m'] }])
    await page.waitForSelector('[data-job=after]')
    await page.waitForSelector('[data-notice]', { state: 'detached' })
    const seconds = (performance.now() - back) / 1_000
    await page.close()
    await coordinator.close()
    await store.close()
    await host.stop()
    return { back: seconds }
  },
}
