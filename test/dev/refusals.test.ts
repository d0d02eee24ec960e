/**
 * What the recording of the real PostgREST has no example of: statuses, codes and texts as its source (`Error.hs`, `Payload.hs`,
 * `QueryParams.hs`, `Response.hs`) and its own tests have them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase } from '../../src/apps/dev/database/postgres.ts'
import { embeddedDatabase, type LocalSupabase, startLocalSupabase } from '../../src/apps/dev/index.ts'
import { embedded } from '../support/embedded.ts'
import { createDatabase } from '../support/postgres-database.ts'
import { conformanceSchema, conformanceSchemas, documentOf, jwtSecret } from './conformance/replay.ts'

const functions = `
  create function f_any(jsonb) returns jsonb language sql as 'select $1';
  create function f_many() returns int language sql as 'select (select g from generate_series(1, 2) g)';
  create table upserts (id int primary key, n numeric not null default 7);
  grant all on upserts to service_role;
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

const raised = (code: string, more: object = {}) => JSON.stringify({ code, ...more })
const badJson = { code: 'PGRST102', details: null, hint: null, message: 'Empty or invalid json' }
const keysDiffer = { ...badJson, message: 'All object keys must match' }
const parseError = 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error'
const badFilter = (text: string, column: number, details: string) => ({
  ...{ code: 'PGRST100', hint: null, details },
  message: `"failed to parse filter (${text})" (line 1, column ${column})`,
})
const operator = 'operator (eq, gt, ...)'
const upsert = { Prefer: 'resolution=merge-duplicates,return=representation' }

const cases: readonly Case[] = [
  ...[
    ['the first of a list of objects', '[{"a": 1, "b": 2}, {"a": 5, "b": 6}]', 200, 'number 3'],
    ['a list of objects whose keys differ', '[{"a": 1, "b": 2}, {"a": 1}]', 400, keysDiffer],
    ['a list of something else', '[1, 2]', 400, keysDiffer],
    ['a body that is no JSON', '{"a": ', 400, badJson],
  ].map(
    ([what, body, status, answer]) =>
      ({ what, request: 'POST /rpc/f_int', body, status, answer }) as unknown as Case,
  ),
  { what: 'an empty list calls without arguments', request: 'POST /rpc/f_big', body: '[]', status: 200 },
  { what: 'so does a number', request: 'POST /rpc/f_big', body: '5', status: 200 },
  {
    what: 'one unnamed argument is the whole list',
    request: 'POST /rpc/f_any',
    ...{ body: '[{"a": 9007199254740993}]', status: 200 },
    answer: [{ a: 'number 9007199254740993' }],
  },
  {
    what: 'another media type',
    request: 'POST /rpc/f_int',
    headers: { 'Content-Type': 'application/xml' },
    ...{ body: '<a/>', status: 400 },
    answer: { ...badJson, message: 'Content-Type not acceptable: application/xml' },
  },
  {
    what: 'another media type for a table',
    request: 'POST /upserts',
    headers: { 'Content-Type': 'text/plain' },
    ...{ body: 'x', status: 400 },
    answer: { code: 'PGRST102', message: 'Content-Type not acceptable: text/plain' },
  },
  {
    what: 'answers of a type that nobody knows',
    request: 'GET /upserts',
    headers: { Accept: 'application/foo' },
    status: 406,
    answer: { code: 'PGRST107', message: 'None of these media types are available: application/foo' },
  },
  {
    what: 'more than one row',
    request: 'POST /rpc/f_many',
    body: '{}',
    status: 500,
    answer: { code: '21000' },
  },
  {
    what: 'pg-safeupdate',
    request: 'POST /rpc/f_raise',
    ...{ body: raised('21000', { msg: 'UPDATE requires a WHERE clause' }), status: 400 },
    answer: { code: '21000' },
  },
  ...['PTABC', 'PT042', 'PT101'].map((code) => ({
    ...{ what: `${code} is no status`, request: 'POST /rpc/f_raise', body: raised(code), status: 500 },
    answer: { code, details: null, hint: null, message: 'boom' },
  })),
  ...['abc', '-1', '99999', '101'].map((s) => ({
    ...{ what: `status ${s}`, request: 'POST /rpc/f_status', body: JSON.stringify({ s }), status: 500 },
    answer: {
      ...{ code: 'PGRST112', details: null, hint: null },
      message: 'response.status guc must be a valid status code',
    },
  })),
  { what: 'digits in front', request: 'POST /rpc/f_status', body: '{"s": "299abc"}', status: 299 },
  ...['[{"a": 1}]', '[{"a": "1", "b": "2"}]', '{"a": "1"}', '[[]]', '[{"a b": "c"}]'].map((h) => ({
    ...{
      what: `headers ${h}`,
      request: 'POST /rpc/f_status',
      body: JSON.stringify({ s: '200', h }),
      status: 500,
    },
    answer: { code: 'PGRST111', details: null, hint: null },
  })),
  {
    what: 'headers that frame the answer are the own ones of the server',
    request: 'POST /rpc/f_status',
    body: JSON.stringify({ s: '200', h: '[{"content-length": "1"}, {"Transfer-Encoding": "x"}]' }),
    ...{ status: 200, answer: 'ok' },
  },
  ...['INVALID', '{"code": "1"}', '{"code": 1, "message": "m"}', '[]'].map((m) => ({
    ...{
      what: `a message ${m}`,
      request: 'POST /rpc/f_pgrst',
      body: JSON.stringify({ m, d: '{}' }),
      status: 500,
    },
    answer: {
      ...{ code: 'PGRST121', message: parseError, details: `Invalid JSON value for MESSAGE: '${m}'` },
      hint: "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
    },
  })),
  ...[
    'INVALID',
    '{"status": 400}',
    '{"status": "400", "headers": {}}',
    '{"status": 400, "headers": {"a": 1}}',
  ].map((d) => ({
    ...{ what: `a detail ${d}`, request: 'POST /rpc/f_pgrst', status: 500 },
    body: JSON.stringify({ m: '{"code": "1", "message": "m"}', d }),
    answer: {
      ...{ code: 'PGRST121', message: parseError, details: `Invalid JSON value for DETAIL: '${d}'` },
      hint: "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.",
    },
  })),
  {
    what: 'no detail',
    request: 'POST /rpc/f_raise',
    ...{ body: raised('PGRST', { msg: '{"code": "1", "message": "m"}' }), status: 500 },
    answer: { code: 'PGRST121', details: 'DETAIL is missing in the RAISE statement' },
  },
  ...(
    [
      ['val', 1, `unexpected "v" expecting "not" or ${operator}`],
      ['noop.0', 1, `unexpected "o" expecting "not" or ${operator}`],
      ['constructor.0', 1, `unexpected "c" expecting "not" or ${operator}`],
      ['', 1, `unexpected end of input expecting "not" or ${operator}`],
      ['not.xor.1', 5, `unexpected "x" expecting ${operator}`],
      ['eqq.1', 3, `unexpected "q" expecting ${operator}`],
      ['eq().1', 4, `unexpected ")" expecting ${operator}`],
      ['in.1', 4, 'unexpected "1" expecting "("'],
      ['in.(1', 6, 'unexpected end of input expecting "," or ")"'],
      ['is.nope', 6, 'unexpected "p" expecting isVal: (null, not_null, true, false, unknown)'],
    ] as const
  ).map(([text, column, details]) => ({
    ...{ what: `the filter "${text}"`, request: `GET /upserts?id=${encodeURIComponent(text)}`, status: 400 },
    answer: badFilter(text, column, details),
  })),
  { what: 'a limit that is no number', request: 'GET /upserts?limit=abc&n=is.null', status: 200, answer: [] },
  {
    what: 'a limit below zero',
    ...{ request: 'GET /upserts?limit=-1', status: 416 },
    answer: { code: 'PGRST103', details: 'Limit should be greater than or equal to zero.' },
  },
  {
    what: 'a range that ends before it begins',
    ...{ request: 'GET /upserts', headers: { Range: '5-2' }, status: 416 },
    answer: { code: 'PGRST103', message: 'Requested range not satisfiable' },
  },
  {
    what: 'an upsert that makes a row',
    ...{ request: 'POST /upserts', headers: upsert, body: '{"id": 1, "n": 1}', status: 201 },
    answer: [{ id: 'number 1', n: 'number 1' }],
  },
  {
    what: 'an upsert that changes the row, to the last digit',
    request: 'POST /upserts',
    ...{ headers: upsert, body: '[{"id": 1, "n": 9007199254740993.5}]', status: 200 },
    answer: [{ id: 'number 1', n: 'number 9007199254740993.5' }],
  },
  {
    what: 'an upsert that makes one of two',
    request: 'POST /upserts',
    ...{ headers: upsert, body: '[{"id": 1, "n": 2}, {"id": 2, "n": 2}]', status: 201 },
  },
  {
    what: 'the same without a body in the answer',
    request: 'POST /upserts',
    ...{ headers: { Prefer: 'resolution=merge-duplicates' }, body: '{"id": 2, "n": 3}', status: 200 },
  },
  {
    what: 'duplicates that are ignored',
    request: 'POST /upserts',
    ...{ headers: { Prefer: 'resolution=ignore-duplicates' }, body: '{"id": 2, "n": 3}', status: 201 },
  },
  { what: 'no row at all', request: 'POST /upserts', body: '[]', status: 201 },
  { what: 'a change of nothing', request: 'PATCH /upserts?id=eq.1', body: '{}', status: 204 },
  {
    what: 'a name that every object has is no preference',
    ...{ request: 'GET /upserts?id=eq.0', headers: { Prefer: 'constructor=1' }, status: 200, answer: [] },
  },
  { what: 'what a table may be asked', request: 'OPTIONS /upserts', status: 200 },
  { what: 'what a function may be asked, without a call', request: 'OPTIONS /rpc/f_write', status: 200 },
  { what: 'a name with the character 0', request: 'GET /upserts?select=a%00b', status: 400 },
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
