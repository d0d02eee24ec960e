import { describe, expect, it } from 'vitest'
import { migrationScript } from '../../../src/engine/migrate/index.ts'
import { checks } from './linter.ts'
import { freshDatabase, inSituation, migratedIn, situations } from './support.ts'

describe.each(Object.keys(situations) as (keyof typeof situations)[])('under %s', (situation) => {
  // It looks at everything, so nothing but Interlock may be there.
  it('a linter finds nothing', async () => {
    const db = await migratedIn(situation)
    for (const { number, finds, query } of checks) {
      expect(await db.query(query), `${number} ${finds}`).toEqual([])
    }
  })
})

describe('the linter', () => {
  it.each(checks.map((check) => [check.number, check.finds, check] as const))(
    '%s finds %s',
    async (_, __, { query, sin }) => {
      const db = await migratedIn('old defaults')
      await db.exec(sin)
      expect(await db.query(query)).not.toEqual([])
    },
  )
})

describe('a privilege', () => {
  /** Every `revoke` of the migration, by its text. */
  const revokes = [
    ...migrationScript().matchAll(
      /execute format\('revoke all on (?:function )?%s from (?:public|%I)'[^;]*;/g,
    ),
  ]

  it.each(revokes.map(([text], index) => [index, text] as const))(
    'is left to somebody without revoke %i: %s',
    async (index) => {
      const db = await freshDatabase()
      await inSituation(db, 'everything to everybody')
      let seen = -1
      const script = migrationScript().replace(
        /execute format\('revoke all on (?:function )?%s from (?:public|%I)'[^;]*;/g,
        (text) => (++seen === index ? 'null;' : text),
      )
      await db.exec(script)
      const left = await db.query(`
      select c.relname as name from pg_class c, aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
       where c.relname ~ '^job_queue_' and c.relkind in ('r', 'S') and coalesce(r.rolname, 'public') in ('anon', 'authenticated', 'public')
      union all
      select p.proname from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a left join pg_roles r on r.oid = a.grantee
       where p.proname ~ '^job_queue_' and coalesce(r.rolname, 'public') in ('anon', 'authenticated', 'public')`)
      expect(left).not.toEqual([])
    },
  )
})
