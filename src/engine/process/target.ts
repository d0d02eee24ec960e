import path from 'node:path'
import { InterlockError, invalidInput } from '../core/index.ts'
import { parseAddresses, parseInstallation } from '../events/index.ts'

/** Where the queue lives. */
export type Target =
  | { readonly kind: 'pglite'; readonly dir: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema?: string | undefined }
  | { readonly kind: 'supabase'; readonly url: string; readonly key: string }
  | { readonly kind: 'memory' }

/** Environment variables. */
export type Env = Readonly<Record<string, string | undefined>>

const forms =
  'pglite:<folder>, postgres://user@host:port/database (several: host1:port,host2:port) or https://<project>.supabase.co'

/**
 * Which store to open: `url` (the command line's `--url`), else INTERLOCK_URL, else DATABASE_URL, else SUPABASE_URL, else the
 * embedded database in ./.interlock. The key of a Supabase project comes from the environment only: everybody can see a command
 * line. An empty variable counts as unset. In production a forgotten address never leads to the embedded database.
 * @param schema that an installation in PostgreSQL has for itself (`--schema`), else INTERLOCK_SCHEMA, else the default
 * @throws InterlockError `invalid_input`, `embedded_in_production`
 */
export function targetOf(url: string | undefined, env: Env, schema?: string): Target {
  const named = schema ?? (env['INTERLOCK_SCHEMA'] || undefined)
  const target = storeOf(url, env)
  if (named === undefined) return target
  parseInstallation(named)
  if (target.kind === 'postgres') return { ...target, schema: named }
  throw invalidInput(
    'a schema of its own is for a PostgreSQL server (postgres://…): an embedded database, and Interlock over the API of Supabase, have the default alone; leave out --schema, and INTERLOCK_SCHEMA',
    'schema',
  )
}

function storeOf(url: string | undefined, env: Env): Target {
  if (url === '') {
    // Probably an unset variable in a script. To open another database instead would be a surprise.
    throw invalidInput(`the address of the database is empty; give ${forms}`)
  }
  const given = [url, env['INTERLOCK_URL'], env['DATABASE_URL'], env['SUPABASE_URL']].find(
    (text) => text !== undefined && text !== '',
  )
  if (given !== undefined) return parseTarget(given, env)
  if (env['NODE_ENV'] === 'production') {
    throw new InterlockError(
      'embedded_in_production',
      'no database is named, and under NODE_ENV=production the embedded one is used only on request; set DATABASE_URL, or INTERLOCK_URL=pglite:.interlock for the embedded one',
    )
  }
  return { kind: 'pglite', dir: path.resolve('.interlock') }
}

function parseTarget(url: string, env: Env): Target {
  if (/^postgres(ql)?:\/\//.test(url)) return { kind: 'postgres', url: checked(url) }
  if (url === 'memory:') return { kind: 'memory' }
  const dir = /^pglite:(.+)$/.exec(url)?.[1]
  if (dir !== undefined) return { kind: 'pglite', dir: path.resolve(dir) }
  if (/^https:\/\/|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(url))
    return { kind: 'supabase', url: originOf(url), key: keyIn(env) }
  // The address may hold a password, so it is not repeated.
  throw invalidInput(`the address of the database has no known form; give ${forms}`)
}

function checked(url: string): string {
  parseAddresses(url, 'the postgres:// address')
  return url
}

function originOf(url: string): string {
  if (URL.canParse(url)) return new URL(url).origin
  throw invalidInput('the address of the Supabase project cannot be read; give https://<project>.supabase.co')
}

function keyIn(env: Env): string {
  const key = env['SUPABASE_SECRET_KEY'] || env['SUPABASE_SERVICE_ROLE_KEY']
  if (key) return key
  throw invalidInput(
    'a Supabase project needs a key; set SUPABASE_SECRET_KEY (Project settings, API keys), or SUPABASE_SERVICE_ROLE_KEY in an older project',
  )
}
