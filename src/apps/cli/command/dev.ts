import { once } from 'node:events'
import { invalidInput } from '../../../engine/core/index.ts'
import { migrationScript } from '../../../engine/migrate/index.ts'
import { type Target, targetOf } from '../../../engine/process/index.ts'
import { loadDriver } from '../../../engine/store/index.ts'
import { attachAsOwner } from '../../../engine/store/pglite/attach.ts'
import type { DevDatabase, LocalSupabase } from '../../dev/index.ts'

import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'

interface Options {
  readonly port?: string
  readonly secret?: string
  readonly user?: string
}

type Served = Extract<Target, { readonly kind: 'pglite' | 'postgres' }>

export function addDev(cli: Cli): void {
  cli
    .command<Options>(
      'dev',
      [
        ['dev > dev.env', 'serves the embedded database in ./.interlock; prints the address and the keys'],
        [
          'dev --url postgres://localhost/app',
          'serves a PostgreSQL server; creates roles and schemas that it lacks, and keeps them',
        ],
      ],
      async (frame, _, { port: typed, secret, user }) => {
        const { DEV_PORT, requirePort, startLocalSupabase } = await import('../../dev/index.ts')
        const port = wholeNumber('--port', typed, 0, 65_535) ?? DEV_PORT
        const target = targetToServe(frame)
        if (user !== undefined) requireUuid(user)
        await requirePort(port)
        const db = await openFor(target)
        const jwtSecret = secret === undefined ? {} : { jwtSecret: secret }
        const local = await startLocalSupabase({ db, port, ...jwtSecret }).catch(async (error) => {
          await db.close()
          throw error
        })
        try {
          await serve(frame, target, db, local, user)
          if (secret === undefined)
            frame.note('the keys are new at every start; --secret <text> keeps them the same')
          if (!frame.signal.aborted) await once(frame.signal, 'abort')
        } finally {
          await local.close()
        }
      },
    )
    .option('--port <number>', 'port on 127.0.0.1; 0 for a free one (default: 54321)')
    .option('--user <uuid>', 'also print a token of this user, signed in for an hour (SUPABASE_USER_TOKEN)')
    .option('--secret <text>', 'the secret behind tokens and keys (default: a new one at every start)')
}

async function serve(
  frame: Frame,
  target: Served,
  db: DevDatabase,
  local: LocalSupabase,
  user: string | undefined,
): Promise<void> {
  const { ownTablesScript } = await import('../../dev/index.ts')
  // After the roles exist, so that they get their privileges. Existing objects stay.
  await db.exec(migrationScript())
  if (target.kind === 'pglite') await db.exec(ownTablesScript)
  const { url, keys } = local
  const settings = {
    SUPABASE_URL: url,
    SUPABASE_SECRET_KEY: keys.secret,
    SUPABASE_PUBLISHABLE_KEY: keys.publishable,
    SUPABASE_SERVICE_ROLE_KEY: keys.serviceRoleJwt,
    SUPABASE_ANON_KEY: keys.anonJwt,
    ...(user === undefined ? {} : { SUPABASE_USER_TOKEN: await keys.signIn(user) }),
  }
  const lines = Object.entries(settings).map((pair) => pair.join('='))
  frame.emit(settings, lines)
  frame.note(`serving ${db.name} on this machine only, for development; Ctrl-C ends it`)
  frame.note('for another shell: interlock dev > dev.env, and there: set -a; . ./dev.env; set +a')
}

function requireUuid(user: string): void {
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(user)) return
  throw invalidInput(`--user ${user}: must be a UUID, as auth.uid() gives it`)
}

/**
 * Only the address in --url, since it is changed: roles and schemas are made. The variables name the database in use, and the
 * project that this one stands in for.
 */
function targetToServe(frame: Frame): Served {
  const url = frame.url ?? 'pglite:.interlock'
  const target = /^https?:/.test(url) ? null : targetOf(url, {})
  if (target?.kind !== 'pglite' && target?.kind !== 'postgres') {
    const message =
      'dev serves a database, and this address names none; give --url pglite:<folder> or postgres://…, or leave it out for ./.interlock'
    throw invalidInput(message)
  }
  const { env } = frame.surface
  const named = ['INTERLOCK_URL', 'DATABASE_URL'].find((name) => env[name])
  if (frame.url === undefined && named !== undefined)
    frame.note(
      `${named} is set, and dev does not use it, since dev changes the database that it serves; to use it all the same: --url "$${named}"`,
    )
  return target
}

async function openFor(target: Served): Promise<DevDatabase> {
  if (target.kind === 'postgres') {
    const { postgresDatabase } = await loadDriver('pg', () => import('../../dev/database/postgres.ts'))
    return postgresDatabase(target.url)
  }
  const { embeddedDatabase } = await import('../../dev/index.ts')
  const name = `pglite:${target.dir}`
  const owned = await attachAsOwner(target.dir, name)
  return embeddedDatabase(name, owned.db, () => owned.close())
}
