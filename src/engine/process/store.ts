import { retry } from '../coordinator/base/retry.ts'
import { stderrLogger } from '../coordinator/index.ts'
import { isOutage } from '../core/index.ts'
import { type LogStore, missing } from '../store/index.ts'
import { memoryStore } from '../store/memory/index.ts'
import type { Target } from './target.ts'

/** What the store may use of the server. The defaults hold for what you leave out. */
export interface StoreBudget {
  /** Connections, beside the one that listens. */
  readonly connections: number
  /** How long one statement may take, in milliseconds. */
  readonly statementMs: number
}

/** Opens the named store. Loads a driver only when it is needed, so that you need not install the others. */
export async function storeAt(target: Target, budget?: StoreBudget): Promise<LogStore> {
  switch (target.kind) {
    case 'memory':
      return memoryStore()
    case 'postgres': {
      // Imported by its literal name, with the error caught: a bundler includes the driver if it is there, and at most warns if
      // not.
      const driver = (await import('pg').catch(missing('pg'))).default
      const { postgresStoreOver } = await import('../store/postgres/store.ts')
      return postgresStoreOver(driver, sourceOf(target.url, budget), { warn, schema: target.schema })
    }
    case 'supabase': {
      const { createClient } = await import('@supabase/supabase-js').catch(missing('@supabase/supabase-js'))
      const { projectStoreOver } = await import('../store/supabase/project.ts')
      return projectStoreOver(createClient, target.url, target.key, { warn })
    }
    case 'pglite':
      // Imported here already: the store would try again, which is no use if it is not installed.
      await import('@electric-sql/pglite').catch(missing('@electric-sql/pglite'))
      return retryingStore((await import('../store/pglite/index.ts')).pgliteStore(target.dir))
  }
}

const warn = (message: string): void =>
  stderrLogger.warn(`[COORDINATOR] ${message}`, { event: 'store.warning' })

const TRIES = 5
const PAUSE_MS = 100

/**
 * An embedded store whose owner process may end at any moment, for example an `interlock status` that opened it first. Calls that
 * change nothing are repeated with the next owner. The others are sent again by the coordinator, under the same id.
 */
function retryingStore(store: LogStore): LogStore {
  return {
    ...store,
    open: (queue, options) => again(() => store.open(queue, options)),
    read: (queue, after, limit) => again(() => store.read(queue, after, limit)),
    snapshot: (queue, upTo) => again(() => store.snapshot(queue, upTo)),
    chunk: (queue, key) => again(() => store.chunk(queue, key)),
    chain: (queue, after, limit) => again(() => store.chain(queue, after, limit)),
    projection: (queue) => again(() => store.projection(queue)),
    projectionPage: (queue, filter) => again(() => store.projectionPage(queue, filter)),
    workers: (queue) => again(() => store.workers(queue)),
    beat: (beat) => again(() => store.beat(beat)),
    listen: (queue, onWake) => again(() => store.listen(queue, onWake)),
  }
}

function again<T>(ask: () => Promise<T>): Promise<T> {
  return retry(ask, { again: (error, tries) => tries < TRIES && isOutage(error), restMs: () => PAUSE_MS })
}

const sourceOf = (connectionString: string, budget: StoreBudget | undefined) =>
  budget === undefined
    ? connectionString
    : {
        connectionString,
        max: budget.connections,
        statement_timeout: budget.statementMs,
        // If the server ends the statement, its answer still arrives in time.
        query_timeout: budget.statementMs + 1_000,
        application_name: 'interlock-dashboard',
      }
