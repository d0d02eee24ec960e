/** One list of checks: that of the core, and what only the doctor sees. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { checkIds } from '../../../src/engine/core/index.ts'
import { type OwnCheck, ownChecks } from '../../../src/tools/doctor/own-checks.ts'

const sql = readFileSync(
  path.join(import.meta.dirname, '../../../migrations/functions/40_user_tables.sql'),
  'utf8',
)

it('what SQL finds in the tables of the user is in the list, with the levels that it gives', () => {
  const given = sql.matchAll(/'check', '(\w+)', 'level', '(\w+)'/g)
  const levels = Map.groupBy(given, ([, id]) => id ?? '')
  expect([...levels.keys()].sort()).toEqual(['defaults', 'hidden', 'key', 'schema', 'words'])
  for (const [id, found] of levels) {
    const all = new Set(found.map(([, , level]) => level))
    const { level }: OwnCheck = ownChecks[id as keyof typeof ownChecks]
    expect([id, [...all].sort().reverse().join(' or ')]).toEqual([id, level])
  }
})

it('no check has two rows', () => {
  expect(checkIds.filter((id) => id in ownChecks)).toEqual([])
})
