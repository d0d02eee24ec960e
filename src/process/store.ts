import { memoryStore } from '../adapter/memory/index.ts'
import { retry } from '../coordinator/base/retry.ts'
import { stderrLogger } from '../coordinator/index.ts'
import { isOutage } from '../core/index.ts'
import { type LogStore, missing } from '../port/index.ts'
import type { Target } from './target.ts'

/** What a store may cost a server; what is left out is as usual. */
export interface StoreBudget {
  /** Connections beside the one that listens. */
  readonly connections: number
  /** How long one statement may take, in milliseconds. */
  readonly statementMs: number
}

/** Opens what was named. A driver is loaded when it is needed: nobody has to install one that he does not use. */
export async function storeAt(target: Target, budget?: StoreBudget): Promise<LogStore> {
  switch (target.kind) {
    case 'memory':
      return memoryStore()
    case 'postgres': {
      // Caught where it is imported, and by its name: so a bundler without it warns at most, and one with it takes it along.
      const driver = (await import('pg').catch(missing('pg'))).default
      const { postgresStoreOver } = await import('../adapter/postgres/store.ts')
      return postgresStoreOver(driver, sourceOf(target.url, budget), { warn })
    }
    case 'supabase': {
      const { createClient } = await import('@supabase/supabase-js').catch(missing('@supabase/supabase-js'))
      const { projectStoreOver } = await import('../adapter/supabase/project.ts')
      return projectStoreOver(createClient, target.url, target.key, { warn })
    }
    case 'pglite':
      // Asked for here already: that it is not installed is not for a store to try again.
      await import('@electric-sql/pglite').catch(missing('@electric-sql/pglite'))
      return retryingStore((await import('../adapter/pglite/index.ts')).pgliteStore(target.dir))
  }
}

const warn = (message: string): void => stderrLogger.warn(`[COORDINATOR] ${message}`)

const TRIES = 5
const PAUSE_MS = 100

/**
 * An embedded store of which the process that has it open may end at any moment: an `interlock status`, say, that a run
 * found there before it. What changes nothing is then asked again, of the process that has it open next; the rest is the
 * coordinator's to send again under the same id.
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
        // An answer that is on its way when the statement is ended still comes.
        query_timeout: budget.statementMs + 1_000,
        application_name: 'interlock-dashboard',
      }
