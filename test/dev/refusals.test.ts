/**
 * What the recording of the real PostgREST has no example of: statuses, codes and texts as its source (`Error.hs`, `Payload.hs`)
 * and its own tests have them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase } from '../../src/apps/dev/database/postgres.ts'
import { embeddedDatabase, type LocalSupabase, startLocalSupabase } from '../../src/apps/dev/index.ts'
import { embedded } from '../support/embedded.ts'
import { createDatabase } from '../support/postgres-database.ts'
import { conformanceSchema, conformanceSchemas, documentOf, jwtSecret } from './conformance/replay.ts'

const functions = `
  create function f_many() returns int language sql as 'select (select g from generate_series(1, 2) g)';
  create table numbers (id int primary key, n numeric not null default 7);
  grant all on numbers to service_role;
`

interface Case {
  readonly what: string
  readonly request: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly status: number
  /** The answer as JSON, or those fields of it that are named; a number as `number <as it is written>`. */
  readonly answer?: unknown
}

const badJson = { code: 'PGRST102', details: null, hint: null, message: 'Empty or invalid json' }
const representation = { Prefer: 'return=representation' }

const cases: readonly Case[] = [
  {
    what: 'a body that is no JSON',
    request: 'POST /rpc/f_int',
    body: '{"a": ',
    status: 400,
    answer: badJson,
  },
  { what: 'rows that are no JSON', request: 'POST /numbers', body: '[{"id": ', status: 400, answer: badJson },
  {
    what: 'more than one row',
    ...{ request: 'POST /rpc/f_many', body: '{}', status: 500 },
    answer: { code: '21000' },
  },
  ...['PTABC', 'PT042', 'PT101'].map((code) => ({
    ...{ what: `${code} is no status`, request: 'POST /rpc/f_raise', status: 500 },
    body: JSON.stringify({ code }),
    answer: { code, details: null, hint: null, message: 'boom' },
  })),
  {
    what: 'a row, to the last digit',
    ...{ request: 'POST /numbers', headers: representation, status: 201 },
    body: '{"id": 1, "n": 9007199254740993.5}',
    answer: [{ id: 'number 1', n: 'number 9007199254740993.5' }],
  },
  {
    what: 'a change, to the last digit',
    ...{ request: 'PATCH /numbers?id=eq.1&select=n', headers: representation, status: 200 },
    body: '{"n": 9007199254740995.5}',
    answer: [{ n: 'number 9007199254740995.5' }],
  },
  {
    what: 'rows of the columns that the request names',
    ...{ request: 'POST /numbers?columns="id"&select=n', headers: representation, status: 201 },
    body: '[{"id": 2, "n": 1}, {"id": 3}]',
    answer: [{ n: 'number 7' }, { n: 'number 7' }],
  },
  { what: 'no row at all', request: 'POST /numbers', body: '[]', status: 201 },
  { what: 'a change of nothing', request: 'PATCH /numbers?id=eq.1', body: '{}', status: 204 },
  {
    what: 'an unknown column',
    ...{ request: 'POST /numbers', body: '{"id": 4, "m": 1}', status: 400 },
    answer: {
      ...{ code: 'PGRST204', details: null, hint: null },
      message: "Could not find the 'm' column of 'numbers' in the schema cache",
    },
  },
  {
    what: 'rows behind the last one',
    ...{ request: 'GET /numbers?offset=9', headers: { Prefer: 'count=exact' }, status: 416 },
    answer: { code: 'PGRST103', details: 'An offset of 9 was requested, but there are only 3 rows.' },
  },
  {
    what: 'a schema that is not served',
    ...{ request: 'GET /numbers', headers: { 'Accept-Profile': 'auth' }, status: 406 },
    answer: { code: 'PGRST106', message: 'Invalid schema: auth' },
  },
]

describe.each([
  ['PostgreSQL', async () => postgresDatabase(await createDatabase('dev'))],
  ['PGlite', async () => pglite()],
])('over %s', (_, open) => {
  let server: LocalSupabase

  beforeAll(async () => {
    const db = await open()
    server = await startLocalSupabase({ db, schemas: conformanceSchemas, jwtSecret })
    await db.exec(conformanceSchema + functions)
  })
  afterAll(() => server.close())

  it.each(cases)('$what: $status', async ({ request, headers, body, status, answer }) => {
    const [method, path] = request.split(' ')
    const response = await fetch(`${server.url}/rest/v1${path}`, {
      ...(method === undefined ? {} : { method }),
      headers: { apikey: server.keys.secret, 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    expect({ status: response.status, text }).toMatchObject({ status })
    if (answer === undefined) return
    const document = documentOf(text)
    if (typeof answer === 'object') expect(document).toMatchObject(answer as object)
    else expect(document).toEqual(answer)
  })
})

async function pglite() {
  const { db, close } = await embedded()
  return embeddedDatabase('pglite:memory', db, close)
}
