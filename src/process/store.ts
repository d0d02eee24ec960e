import { memoryStore } from '../adapter/memory/index.ts'
import { stderrLogger } from '../coordinator/index.ts'
import { type LogStore, missing } from '../port/index.ts'
import { retryingStore } from './retrying-store.ts'
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
