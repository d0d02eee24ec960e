/** The local Supabase never does less than it was asked without saying so: 501 with the option's name, and nothing done. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clientOf, type Project, startProject } from './support.ts'

const schema = `
  create table things (id int primary key, n int, d jsonb);
  insert into things select g, g from generate_series(1, 3) g;
  grant all on things to service_role;
  create function numbers(n int) returns setof int language sql as 'select generate_series(1, n)';
  create function all_things() returns setof things language sql as 'select * from things';
  create function drop_things() returns int language sql as 'delete from things; select 1';
  create function isolated() returns int language sql set default_transaction_isolation = 'serializable' as 'delete from things; select 1';
  create function costly() returns int language sql set plan_filter.statement_cost_limit = '1' as 'delete from things; select 1';
  create function hasty() returns int language sql set statement_timeout = '20ms' as 'select pg_sleep(60); select 1';
  create function unnamed(int) returns int language sql as 'delete from things; select 1';
  create function either(a int) returns int language sql as 'delete from things; select 1';
  create function either(a text) returns int language sql as 'delete from things; select 1';
`
let project: Project
beforeAll(async () => {
  project = await startProject(schema)
})
afterAll(() => project.close())

type Headers = Readonly<Record<string, string>>

async function asked(request: string, headers: Headers = {}, body?: string) {
  const [method = 'GET', path = ''] = request.split(' ')
  const response = await fetch(`${project.url}/rest/v1${path}`, {
    ...{ method, ...(body === undefined ? {} : { body }) },
    headers: { apikey: project.keys.secret, 'Content-Type': 'application/json', ...headers },
  })
  const text = await response.text()
  return { status: response.status, range: response.headers.get('content-range'), text }
}

const remaining = () => project.query('select id, n from things order by id')

const unsupported: readonly (readonly [request: string, named: string, headers?: Headers, body?: string])[] =
  [
    ['DELETE /things?id=gt.0', 'max-affected=1', { Prefer: 'handling=strict, max-affected=1' }],
    ['PATCH /things?id=gt.0', 'Prefer: max-affected', { Prefer: 'max-affected=1' }, '{"n": 9}'],
    ['POST /rpc/drop_things', 'max-affected=1', { Prefer: 'handling=strict,max-affected=1' }, '{}'],
    ['GET /things', 'Prefer: timezone', { Prefer: 'timezone=Europe/Berlin' }],
    ['POST /things?columns=id,n', 'Prefer: missing=default', { Prefer: 'missing=default' }, '[{"id": 9}]'],
    ['POST /things', 'Prefer: return=headers-only', { Prefer: 'return=headers-only' }, '{"id": 9}'],
    ['DELETE /things?limit=1&order=id', 'limit'],
    ['DELETE /things?order=id', 'order'],
    ['PATCH /things?offset=1', 'offset', {}, '{"n": 9}'],
    ['POST /things?id=eq.1', 'id', {}, '{"id": 9}'],
    ['POST /things?limit=1', 'limit', {}, '{"id": 9}'],
    ['GET /things?columns=id', 'columns'],
    ['GET /things?others.limit=1', 'others.limit'],
    ['GET /things?others.id=eq.1', 'others.id'],
    ['GET /things?order=others(id).desc', 'others(id)'],
    ['GET /things?select=id,others(*)', 'others(*)'],
    ['GET /things?select=n.sum()', 'n.sum()'],
    ['GET /things?id=eq(any).{1,2}', 'eq(any)'],
    ['GET /things?or=(id.gt(all).{1},id.is.null)', 'gt(all)'],
    ['GET /things?n=fts(english).x', 'fts(english)'],
    ['GET /things?n=not.wfts.x', 'wfts'],
    ['GET /things', 'nulls=stripped', { Accept: 'application/vnd.pgrst.array+json;nulls=stripped' }],
    ['GET /things', 'vnd.pgrst.plan', { Accept: 'application/vnd.pgrst.plan+json' }],
    ['GET /things', 'text/csv', { Accept: 'text/csv' }],
    ['PUT /things?id=eq.1', 'PUT', {}, '{"id": 1, "n": 9}'],
    ['POST /rpc/numbers?order=numbers', 'order', {}, '{"n": 3}'],
    ['POST /rpc/numbers?select=numbers', 'select', {}, '{"n": 3}'],
    ['POST /rpc/numbers?numbers=gt.1', 'numbers', {}, '{"n": 3}'],
    ['POST /rpc/numbers?columns=n', 'columns', {}, '{"n": 3}'],
    ['POST /rpc/drop_things?limit=0', 'limit', {}, '{}'],
    ['POST /rpc/drop_things?offset=1', 'offset', {}, '{}'],
    ['POST /rpc/all_things?select=id', 'select', {}, '{}'],
    ['POST /rpc/all_things?limit=1', 'limit', {}, '{}'],
    ['POST /rpc/numbers?limit=1', 'limit', {}, '{"n": 3}'],
    ['GET /rpc/numbers?n=3', 'method GET'],
    ['HEAD /rpc/numbers?n=3', ''],
    ['OPTIONS /things', 'method OPTIONS'],
    ['POST /rpc/unnamed', 'without a name', {}, '{"a": 1}'],
    ['POST /rpc/either', 'public.either', {}, '{"a": 1}'],
    ['POST /rpc/numbers', 'not one JSON object', {}, '[{"n": 3}]'],
    ['POST /rpc/numbers', 'not one JSON object', {}, '3'],
    ['POST /rpc/numbers', 'application/xml', { 'Content-Type': 'application/xml' }, '<n/>'],
    ['POST /things', 'text/csv', { 'Content-Type': 'text/csv' }, 'id'],
    ['POST /things', 'keys differ', {}, '[{"id": 8}, {"id": 9, "n": 9}]'],
    ['POST /things', 'not a JSON object', {}, '[9]'],
    ['POST /things', 'not a JSON object', {}, '9'],
    ['PATCH /things?id=eq.1', 'list', {}, '[{"n": 9}]'],
    ['PATCH /things?id=eq.1&columns=n', 'columns', {}, '{"n": 9}'],
    ['POST /things?on_conflict=id', 'on_conflict', {}, '{"id": 1, "n": 9}'],
    ['POST /things', 'resolution=', { Prefer: 'resolution=merge-duplicates' }, '{"id": 1, "n": 9}'],
    ['GET /things', 'Prefer: tx=rollback', { Prefer: 'tx=rollback' }],
    ['GET /things', 'Prefer: handling=lenient', { Prefer: 'handling=lenient' }],
    ['GET /things', 'Prefer: constructor=1', { Prefer: 'constructor=1' }],
    ['GET /things', 'application/foo', { Accept: 'application/foo' }],
    ['GET /things', 'Range', { Range: '5-2' }],
    ['GET /things?limit=abc', 'limit=abc'],
    ['GET /things?limit=-1', 'limit=-1'],
    ['GET /things?offset=1.5', 'offset=1.5'],
    ['GET /things?select=id&select=n', 'more than once'],
    ['GET /things?select=id::text', 'id::text'],
    ['GET /things?select=a%00b', 'NUL'],
    ['GET /things?or=(id.eq.1', 'or(id.eq.1'],
    ...['val', 'noop.0', 'constructor.0', '', 'not.xor.1', 'eqq.1', 'in.1', 'in.(1', 'is.nope'].map(
      (filter) => [`GET /things?id=${filter}`, `id=${filter}`] as const,
    ),
    ['POST /rpc/isolated', 'default_transaction_isolation', {}, '{}'],
    ['POST /rpc/costly', 'plan_filter.statement_cost_limit', {}, '{}'],
  ]

const refusals = unsupported.map(([request, named, headers, body]) => ({ request, named, headers, body }))

it.each(refusals)('$request is refused: it has no $named', async ({ request, named, headers, body }) => {
  const before = await remaining()
  const { status, text } = await asked(request, headers, body)
  const words = text.replaceAll(String.raw`\"`, `"`)
  expect({ status, words }).toEqual({ status: 501, words: expect.stringContaining(named) })
  expect(await remaining()).toEqual(before)
})

it('a call has the statement_timeout of its function', async () => {
  expect(await asked('POST /rpc/hasty', {}, '{}')).toMatchObject({
    status: 500,
    text: expect.stringContaining('57014'),
  })
})

it.each([
  ['POST /things', '{"id": 7}', '*/1'],
  ['PATCH /things?id=eq.7', '{"n": 7}', '0-0/1'],
  ['DELETE /things?id=eq.7', undefined, '*/1'],
])('%s counts what it has written when it is asked to', async (request, body, range) => {
  expect(await asked(request, { Prefer: 'count=exact' }, body)).toMatchObject({ range })
})

it('the real client hears of it', async () => {
  const { status, error } = await clientOf(project, project.keys.secret)
    .from('things')
    .delete()
    .gt('id', 0)
    .setHeader('Prefer', 'handling=strict,max-affected=1')
  expect({ status, message: error?.message }).toEqual({
    status: 501,
    message: expect.stringContaining('max-affected'),
  })
})

it.each([
  ['presence', { presence: { enabled: true } }],
  ['broadcast.replay', { private: true, broadcast: { replay: { since: 0 } } }],
])('a channel with %s is refused by that name', async (named, config) => {
  const channel = clientOf(project, project.keys.secret).channel('room', { config })
  const answer = new Promise<unknown>((resolve) => {
    channel.subscribe((status, error) => resolve(error?.message ?? status))
  })
  expect(await answer).toContain(named)
})

it('a filter of changes that cannot be followed is refused by its operator', async () => {
  const channel = clientOf(project, project.keys.secret).channel('changes')
  const change = { event: '*', schema: 'public', table: 'things', filter: 'n=like.1' } as const
  const answer = new Promise<unknown>((resolve) => {
    channel.on('system', {}, resolve).on('postgres_changes', change, () => {})
  })
  channel.subscribe()
  expect(await answer).toMatchObject({ status: 'error', message: expect.stringContaining('"n=like.1"') })
})
