/** Whatever is asked of the REST API is answered in PostgREST's form, with the status of its code, and the server lives. */
import http from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PATIENCE, runs } from '../support/runs.ts'
import { conformanceSchema } from './conformance/replay.ts'
import { type Project, startProject } from './support.ts'

let project: Project
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
beforeAll(async () => {
  project = await startProject(conformanceSchema)
})
afterAll(async () => {
  agent.destroy()
  await project.close()
})

const statuses: Readonly<Record<string, number>> = {
  ...{ PGRST102: 400, PGRST103: 416, PGRST106: 406, PGRST116: 406, PGRST125: 404 },
  ...{ PGRST202: 404, PGRST204: 400, PGRST205: 404, PGRST301: 401 },
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Words that mean something here or to JavaScript, beside what nobody would write. */
const word = (...known: readonly string[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...known) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('constructor', '__proto__', 'toString', '', '"', '\\', '\0', '%', '*'),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  )

const column = word(
  'id',
  'name',
  'payload->g',
  'payload->>g',
  'tags',
  'amt',
  'nosuch',
  'a:id',
  'id::text',
  'id::"',
)
const names = [
  'jobs',
  'rls',
  'nosuch',
  'rpc/f_int',
  'rpc/f_jsonarg',
  'rpc/f_status',
  'rpc/f_pgrst',
  'rpc/f_raise',
]
const value = fc.oneof(
  fc
    .tuple(
      word('eq', 'not.eq', 'in', 'is', 'cs', 'like', 'eq(any)', 'fts', 'or', 'match'),
      word('1', '(1,2)', '{}', 'null', '['),
    )
    .map(([operator, operand]) => `${operator}.${operand}`),
  word('1', '(id.eq.1,or(name.eq.x))', '(((', 'eq', '-1', '1e9', '99999999999999999999', 'id.desc', 'a,b'),
)
const json = fc.oneof(
  fc.json(),
  fc.record({ a: fc.jsonValue(), b: fc.jsonValue() }).map((args) => JSON.stringify(args)),
  fc
    .record({ s: word('200', '42', '999', 'abc'), h: word('[]', '[{"a":"b"}]', '[{"":""}]') })
    .map((args) => JSON.stringify(args)),
  fc
    .record({ m: word('{"code":"1","message":"m"}'), d: word('{"status":400,"headers":{}}') })
    .map((args) => JSON.stringify(args)),
  fc
    .record({ code: word('PT404', 'PT', 'PTABC', '21000', '40001', 'P0001') })
    .map((args) => JSON.stringify(args)),
  fc.record({ id: fc.jsonValue(), name: fc.jsonValue() }).map((row) => JSON.stringify([row])),
  fc.constantFrom(
    '[',
    '[[]]',
    '[{}]',
    '[{},{}]',
    '[{"a":1},{"b":1}]',
    '[1]',
    '',
    '"\\ud800"',
    '"\\u0000"',
    '['.repeat(50_000),
  ),
)
const header = (...known: readonly string[]) =>
  fc.option(
    word(...known).map((text) => text.replace(/[^\t\x20-\x7e]/g, '?')),
    { freq: 2, nil: undefined },
  )

const asked: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'HEAD', 'PUT', 'OPTIONS', 'POST', 'GET'),
  path: word(...names).map((name) => name.split('/').map(encodeURIComponent).join('/')),
  query: fc.array(
    fc.tuple(
      word(
        'id',
        'select',
        'order',
        'limit',
        'offset',
        'or',
        'and',
        'not.or',
        'columns',
        'on_conflict',
        'a',
        'payload->g',
      ),
      fc.oneof(value, column),
    ),
    {
      maxLength: 4,
    },
  ),
  headers: fc
    .record({
      prefer: header(
        'return=representation',
        'resolution=merge-duplicates',
        'count=exact',
        'handling=strict, x=1',
        'return=x',
      ),
      accept: header(
        'application/json',
        'application/vnd.pgrst.object+json',
        'text/csv',
        'x/y',
        'application/json;q=2',
      ),
      range: header('0-1', '5-2', '1-', 'x', '99999999999999999999-'),
      'content-type': header(
        'application/json',
        'text/plain',
        'text/xml',
        'application/xml',
        'application/x-www-form-urlencoded',
        'text/csv',
      ),
      'content-profile': header('public', 'jobq'),
      'accept-profile': header('public', 'nosuch'),
      authorization: header('Bearer a.b.c', 'Bearer x', 'Basic x'),
    })
    .map((all) =>
      Object.fromEntries(
        Object.entries(all).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
      ),
    ),
  body: json,
})

function answerTo({ method, path, query, headers, body }: Asked): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(project.url)
  const search = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
  const target = `/rest/v1/${path}${search === '' ? '' : `?${search}`}`
  const sent = method === 'GET' || method === 'HEAD' ? '' : body
  const length = { 'content-length': String(Buffer.byteLength(sent)) }
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        hostname,
        port,
        agent,
        method,
        path: target,
        headers: { apikey: project.keys.secret, ...length, ...headers },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      },
    )
    request.on('error', reject)
    request.end(sent)
  })
}

function check({ method }: Asked, { status, text }: { status: number; text: string }): void {
  expect(status).toBeGreaterThanOrEqual(200)
  if (status < 300 || method === 'HEAD') return
  // What a function raises or sets as its own status is its own answer.
  const body: unknown = JSON.parse(text)
  if (typeof body === 'string') return
  expect(Object.keys(body as object).sort()).toEqual(['code', 'details', 'hint', 'message'])
  const { code, message } = body as { code: string | null; message: string }
  expect(message).not.toMatch(/\b(Range|Type|Syntax|Reference)Error\b/)
  if (code === 'INTERLOCK') expect(status).toBe(501)
  else if (code?.startsWith('PGRST')) expect({ code, status }).toEqual({ code, status: statuses[code] })
  else if (/^(22|42)...$/.test(code ?? '')) expect(status).toBeLessThan(500)
}

it(
  'holds for hostile requests',
  async () => {
    await fc.assert(
      fc.asyncProperty(asked, async (request) => {
        check(request, await answerTo(request))
      }),
      { numRuns: runs(600) },
    )
    const { status, text } = await answerTo({
      method: 'POST',
      path: 'rpc/f_int',
      query: [],
      headers: {},
      body: '{"a":1,"b":2}',
    })
    expect([status, text]).toEqual([200, '3'])
  },
  PATIENCE,
)
