import { memoryStore } from '../adapter/memory/index.ts'
import { stderrLogger } from '../coordinator/index.ts'
import type { LogStore } from '../port/index.ts'
import { loadDriver } from './driver.ts'
import { patientStore } from './patient-store.ts'
import type { Target } from './target.ts'

/** Opens what was named. A driver is loaded when it is needed: nobody has to install one that he does not use. */
export async function storeAt(target: Target): Promise<LogStore> {
  switch (target.kind) {
    case 'memory':
      return memoryStore()
    case 'postgres': {
      const { postgresStore } = await loadDriver('pg', () => import('../adapter/postgres/index.ts'))
      return postgresStore(target.url, { warn })
    }
    case 'supabase': {
      const supabase = await loadDriver('@supabase/supabase-js', () => import('../adapter/supabase/index.ts'))
      return supabase.projectStore(target.url, target.key, { warn })
    }
    case 'pglite':
      return patientStore((await import('../adapter/pglite/index.ts')).pgliteStore(target.dir))
  }
}

const warn = (message: string): void => stderrLogger.warn(`[COORDINATOR] ${message}`)
