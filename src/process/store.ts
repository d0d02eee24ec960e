import { InterlockError } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'

/** Which store an address or the environment names. */
export type StoreChoice =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'supabase'; readonly url: string }
  | { readonly kind: 'pglite'; readonly directory: string }

/** Where the embedded database lives unless another place is named. */
const EMBEDDED_DIRECTORY = './.interlock'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The store that `url` names, else the environment: `INTERLOCK_URL`, `DATABASE_URL`, `SUPABASE_URL`, else the embedded
 * database in `./.interlock`. The embedded one is for trying out: under `NODE_ENV=production` it has to be asked for.
 * @throws InterlockError `invalid_input`, `embedded_in_production`
 */
export function storeChoice(url: string | undefined, env: Environment): StoreChoice {
  const named = url ?? env['INTERLOCK_URL'] ?? env['DATABASE_URL'] ?? env['SUPABASE_URL']
  if (named !== undefined && named !== '') return chosen(named)
  if (env['NODE_ENV'] === 'production') {
    throw new InterlockError(
      'embedded_in_production',
      'no database is named, and the embedded one does not survive a power cut; set DATABASE_URL, or ask for it with INTERLOCK_URL=pglite:./.interlock',
    )
  }
  return { kind: 'pglite', directory: EMBEDDED_DIRECTORY }
}

function chosen(url: string): StoreChoice {
  if (/^postgres(ql)?:\/\//.test(url)) return { kind: 'postgres', url }
  if (/^https?:\/\//.test(url)) return { kind: 'supabase', url }
  if (url.startsWith('pglite:') && url.length > 'pglite:'.length) {
    return { kind: 'pglite', directory: url.slice('pglite:'.length) }
  }
  // The address may hold a password: never repeat it.
  throw new InterlockError(
    'invalid_input',
    'the address of the database is not understood; use pglite:<directory>, postgres://user:password@host:5432/database or https://<project>.supabase.co',
  )
}

/** Opens what was chosen. The drivers are loaded only here, so that nobody needs those he does not use. */
export async function openStore(choice: StoreChoice): Promise<LogStore> {
  switch (choice.kind) {
    case 'postgres': {
      const { postgresStore } = await loadDriver('pg', () => import('../adapter/postgres/index.ts'))
      return postgresStore(choice.url)
    }
    case 'pglite': {
      const { pgliteStore } = await import('../adapter/pglite/index.ts')
      return pgliteStore(choice.directory)
    }
    case 'supabase':
      throw new InterlockError(
        'invalid_input',
        'this release does not speak to Supabase over HTTP yet; use the connection string of the database (Project settings, Database) as postgres://…',
      )
  }
}

async function loadDriver<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new InterlockError(
      'store_unavailable',
      `the driver ${name} is not installed; run: npm install ${name}`,
      {},
      error,
    )
  }
}
