import { once } from 'node:events'
import { attachAsOwner } from '../../adapter/pglite/attach.ts'
import { InterlockError } from '../../core/index.ts'
import { migrationScript } from '../../migrate/index.ts'
import { loadDriver, type Target } from '../../process/index.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly port?: string
  readonly secret?: string
}

export function addDev(cli: Cli): void {
  cli
    .command<Options>(
      'dev',
      'a local Supabase for development: what Interlock uses of one, over the embedded or any PostgreSQL',
      [
        ['dev', 'over the embedded database; prints the address and the keys'],
        ['dev --url postgres://localhost/app', 'over a server; makes the roles and schemas that it lacks'],
      ],
      async (frame, _, { port, secret }) => {
        const { DEV_PORT, ownTablesScript, startLocalSupabase } = await import('../../dev/index.ts')
        const target = frame.target()
        const db = await openFor(target)
        const local = await startLocalSupabase({
          db,
          port: wholeNumber('--port', port, 0, 65_535) ?? DEV_PORT,
          ...(secret === undefined ? {} : { jwtSecret: secret }),
        }).catch(async (error) => {
          await db.close()
          throw error
        })
        try {
          // After the roles are there, so that their rights are given; what is there already stays.
          await db.exec(migrationScript())
          if (target.kind === 'pglite') await db.exec(ownTablesScript)
          const { url, keys } = local
          const settings = {
            SUPABASE_URL: url,
            SUPABASE_SECRET_KEY: keys.secret,
            SUPABASE_PUBLISHABLE_KEY: keys.publishable,
            SUPABASE_SERVICE_ROLE_KEY: keys.serviceRoleJwt,
            SUPABASE_ANON_KEY: keys.anonJwt,
          }
          frame.emit(
            settings,
            Object.entries(settings)
              .map((pair) => pair.join('='))
              .join('\n'),
          )
          frame.note(`serving ${db.name} on this machine only, for development; Ctrl-C ends it`)
          if (!frame.signal.aborted) await once(frame.signal, 'abort')
        } finally {
          await local.close()
        }
      },
    )
    .option('--port <number>', 'port on 127.0.0.1; 0 for a free one (default: 54321)')
    .option(
      '--secret <text>',
      'what tokens are signed with and keys follow from; new at every start unless given',
    )
}

async function openFor(target: Target) {
  switch (target.kind) {
    case 'postgres':
      return (await loadDriver('pg', () => import('../../dev/database/postgres.ts'))).postgresDatabase(
        target.url,
      )
    case 'pglite': {
      const { embeddedDatabase } = await import('../../dev/index.ts')
      const name = `pglite:${target.dir}`
      const owned = await attachAsOwner(target.dir, name)
      return embeddedDatabase(name, owned.db, () => owned.close())
    }
    default:
      throw new InterlockError(
        'invalid_input',
        `dev serves pglite:<folder> or postgres://…, not ${target.kind}`,
      )
  }
}
