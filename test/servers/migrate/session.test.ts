/** What a caller's session sets, and what it passes, changes nothing of what the functions do. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { sqlFunctions } from '../../../src/engine/migrate/sql-functions.ts'
import { failureOf, freshDatabase } from './support.ts'

const root = path.resolve(import.meta.dirname, '../../..')

/** Every text of SQL outside of comments, with the `E` before it. */
function* literalsIn(sql: string): Generator<string> {
  const parts = /--[^\n]*|\/\*[\s\S]*?\*\/|"[^"]*"|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'/g
  for (const [part] of sql.matchAll(parts)) if (/^[eE]?'/.test(part)) yield part
}

it('a backslash stands only in texts that begin with E: what it means in others, the session says', () => {
  const found = globSync('migrations/{functions,parts}/*.sql', { cwd: root }).flatMap((file) =>
    [...literalsIn(readFileSync(path.join(root, file), 'utf8'))]
      .filter((text) => text.startsWith("'") && text.includes('\\'))
      .map((text) => `${file}: ${text.slice(0, 60)}`),
  )
  expect(found).toEqual([])
})

describe('with standard_conforming_strings off', () => {
  it('jobs are submitted, requested and ended as ever', async () => {
    const db = await freshDatabase('migrated')
    await db.exec('set escape_string_warning = off; set standard_conforming_strings = off')
    const job = {
      ...{ job_id: 'a', models: ['m'], runAt: '2026-11-24T15:00:00.5Z', fairKey: 'k', once: '1d' },
      dedupe: { key: 'k', while: { within: '1h' } },
    }
    for (const call of [
      'job_queue_submit($1)',
      "job_queue_request(jsonb_build_object('type', 'enqueue', 'jobs', jsonb_build_array($1::jsonb)))",
    ])
      expect(await db.value(`select ${call}`, [JSON.stringify(job)])).toEqual(expect.any(String))
    const kept = 'select job ->> $1 from interlock.job_queue_submissions'
    expect(await db.value(kept, ['fair_key'])).toBe('k')
    const broken = { ...job, job_id: 'a\u0007b' }
    expect(await failureOf(db.value('select job_queue_submit($1)', [JSON.stringify(broken)]))).toMatchObject({
      code: 'JQ003',
    })
    const ended = db.value("select job_queue_complete_in('a', '0000000001.0000000000000017')")
    expect(await failureOf(ended)).toMatchObject({ code: 'JQ004' })
  })
})

it('no function that programs call says a text of a megabyte back', async () => {
  const db = await freshDatabase('migrated')
  const long = 'x'.repeat(1_048_576)
  const called = sqlFunctions().flatMap(({ name, header }) => (/\bInternal\b/.test(header) ? [] : [name]))
  const functions = await db.query(
    `select p.proname::text as name, array(select format_type(t, null) from unnest(p.proargtypes) with ordinality u (t, n) order by n) as types
       from pg_proc p where p.proname = any ($1) and p.prorettype <> 'trigger'::regtype and 'text'::regtype = any (p.proargtypes)`,
    [called],
  )
  const usual = { text: 'x', jsonb: '{}', json: '{}', bigint: 1, integer: 1, boolean: true, numeric: 1 }
  const said: string[] = []
  for (const { name, types } of functions as unknown as { name: string; types: string[] }[]) {
    const others = types.map((type) =>
      type.endsWith('[]') ? [] : (Object.entries(usual).find(([of]) => of === type)?.[1] ?? null),
    )
    for (const [at, type] of types.entries()) {
      if (type !== 'text') continue
      const call = `select ${name}(${types.map((of, i) => `$${i + 1}::${of}`).join(', ')}) as said`
      await db.exec('begin')
      const answer = await db
        .query(call, others.with(at, long))
        .catch((error: Error) => ({ ...error, says: error.message }))
      await db.exec('rollback')
      if (JSON.stringify(answer).includes(long.slice(0, 2_000))) said.push(`${name}: argument ${at + 1}`)
    }
  }
  expect(functions.length).toBeGreaterThan(40)
  expect(said).toEqual([])
})
