import path from 'node:path'
import { InterlockError } from '../core/index.ts'

/** Where the queue lives. */
export type Target =
  | { readonly kind: 'pglite'; readonly dir: string }
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'memory' }

type Env = Readonly<Record<string, string | undefined>>

const forms = 'pglite:<folder> or postgres://user@host:port/database'

/**
 * Which store to open: `url` (the command line's `--url`) before INTERLOCK_URL before DATABASE_URL before the embedded
 * database in ./.interlock. The embedded one is never taken in production because somebody forgot an address.
 * @throws InterlockError `invalid_input`, `embedded_in_production`
 */
export function targetOf(url: string | undefined, env: Env): Target {
  const given = [url, env['INTERLOCK_URL'], env['DATABASE_URL']].find(
    (text) => text !== undefined && text !== '',
  )
  if (given !== undefined) return parseTarget(given)
  if (env['SUPABASE_URL']) {
    throw new InterlockError(
      'invalid_input',
      'SUPABASE_URL is set, but this release does not speak to Supabase over HTTP; set DATABASE_URL to the connection string of the project (Project settings, Database)',
    )
  }
  if (env['NODE_ENV'] === 'production') {
    throw new InterlockError(
      'embedded_in_production',
      'no database is named, and the embedded one is not taken unasked under NODE_ENV=production; set DATABASE_URL, or INTERLOCK_URL=pglite:.interlock for the embedded one on purpose',
    )
  }
  return { kind: 'pglite', dir: path.resolve('.interlock') }
}

function parseTarget(url: string): Target {
  if (/^postgres(ql)?:\/\//.test(url)) return { kind: 'postgres', url: checked(url) }
  if (url === 'memory:') return { kind: 'memory' }
  const dir = /^pglite:(.+)$/.exec(url)?.[1]
  if (dir !== undefined) return { kind: 'pglite', dir: path.resolve(dir) }
  if (url.startsWith('https://')) {
    throw new InterlockError(
      'invalid_input',
      `https://… (supabase-js) comes with a later release; use the connection string of the project for now, ${forms}`,
    )
  }
  // What was given may hold a password, so it is not repeated.
  throw new InterlockError('invalid_input', `the address of the database is of no known form; give ${forms}`)
}

function checked(url: string): string {
  if (URL.canParse(url)) return url
  throw new InterlockError(
    'invalid_input',
    'the postgres:// address cannot be read; percent-encode special characters in its password',
  )
}
