/** A client that knows the OpenAPI page alone: it makes its requests from the schemas there, and holds the answers to them. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { description } from '../../../src/apps/dashboard/api/description.ts'
import { tokenSession } from '../../../src/apps/dashboard/index.ts'
import { type Mounted, mounted, viewer } from './support.ts'

type Schema = Readonly<Record<string, unknown>>
interface Parameter {
  readonly name: string
  readonly in: string
  readonly description?: string
  readonly schema: Schema
}
interface Call {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: {
    readonly 200: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  }
}
type Method = 'get' | 'post'
const page = description(null) as {
  readonly servers: readonly { readonly url: string }[]
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly parameters: Readonly<Record<string, Parameter>>
  }
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Method, Call>>>>>
}
const calls = Object.entries(page.paths).flatMap(([address, methods]) =>
  Object.entries(methods).map(([method, call]) => [method as Method, address, call as Call] as const),
)

const nameOf = ($ref: unknown) => String($ref).split('/').at(-1) ?? ''
/** A schema in place of a reference to it. */
function resolved(schema: Schema): Schema {
  if (!('$ref' in schema)) return schema
  const found = page.components.schemas[nameOf(schema['$ref'])]
  if (found === undefined) throw new Error(`the page has no ${schema['$ref']}`)
  return resolved(found)
}
const parametersOf = ({ parameters = [] }: Call) =>
  parameters.map(
    (each) => ('$ref' in each ? page.components.parameters[nameOf(each.$ref)] : each) as Parameter,
  )

/** The page as one schema: references in it lead to its own definitions. */
const asZod = (schema: Schema) => {
  const text = JSON.stringify({ ...schema, $defs: page.components.schemas })
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')))
}

/** What somebody who calls knows of this queue, by the name of the field. */
const known: Readonly<Record<string, unknown>> = {
  ...{
    queue: 'default',
    job: 'b',
    jobId: 'b',
    before: 'c',
    jobIds: ['dead'],
    jobs: ['b', 'dead'],
    word: ['b'],
    models: ['m'],
    model: 'm',
  },
  ...{
    reason: 'by_hand',
    rate: { starts: 5, perSeconds: 1 },
    policy: { maxActive: 4 },
    do: 'cancel',
    priority: 2,
  },
}

/** A value that a schema allows: as little as it asks for. */
function sample(given: Schema, name = ''): unknown {
  const schema = resolved(given)
  // A number of jobs is no list of their names, and a list of objects none of texts.
  const isOther =
    schema['type'] === 'number' || (schema['items'] as Schema | undefined)?.['type'] === 'object'
  if (name in known && !isOther) return known[name]
  const [first] = (schema['anyOf'] as readonly Schema[] | undefined) ?? []
  if (first !== undefined) return sample(first, name)
  if ('const' in schema) return schema['const']
  const [type] = [schema['type']].flat()
  if (type === 'object') {
    const properties = schema['properties'] as Readonly<Record<string, Schema>>
    const required = (schema['required'] as readonly string[] | undefined) ?? []
    return Object.fromEntries(required.map((key) => [key, sample(properties[key] ?? {}, key)]))
  }
  if (type === 'string') return name
  if (type === 'array') return []
  if (type === 'integer' || type === 'number') return schema['minimum'] ?? 1
  throw new Error(`the page does not say what ${name} is: ${JSON.stringify(schema)}`)
}

function addressOf(address: string, call: Call): string {
  const path = address.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(sample({}, name))))
  const query = parametersOf(call)
    .filter(
      (each) => each.in === 'query' && (each.schema['type'] === 'integer' || each.schema['type'] === 'array'),
    )
    .filter(({ name }) => name !== 'at' && name !== 'state')
    .flatMap(({ name, schema }) => {
      const value = name === 'before' ? 1_000 : sample(schema, name)
      return [value].flat().map((one): [string, string] => [name, String(one)])
    })
  return query.length === 0 ? path : `${path}?${new URLSearchParams(query)}`
}

const ask = (method: Method, address: string, call: Call, { get, post }: Mounted) =>
  method === 'get'
    ? get(addressOf(address, call))
    : post(addressOf(address, call), sample(call.requestBody?.content['application/json']?.schema ?? {}))

async function withDead(): Promise<Mounted> {
  const all = await mounted()
  const { coordinator } = all
  await coordinator.enqueue([
    { jobId: 'dead', models: ['n'] },
    { jobId: 'c', models: ['m'] },
  ])
  await coordinator.setPolicy({ maxActive: null })
  const claimed = await coordinator.claim({ max: 5, kinds: null })
  for (const { lease } of claimed)
    if (lease.jobId === 'dead') await coordinator.fail(lease, { retryAt: null, error: { message: 'no' } })
  return all
}

interface SessionPage {
  readonly paths: object
  readonly components: { readonly securitySchemes: { readonly session: { readonly name: string } } }
}

/** Where a schema has a field of which the page says nothing. */
function wordlessIn(value: unknown, at = ''): readonly string[] {
  if (value === null || typeof value !== 'object') return []
  const own = Object.entries((value as Schema)['properties'] ?? {}).filter(
    ([, field]) => !('description' in resolved(field)) && !('description' in field),
  )
  return [
    ...own.map(([name]) => `${at}/${name}`),
    ...Object.entries(value).flatMap(([name, inside]) => wordlessIn(inside, `${at}/${name}`)),
  ]
}

describe('a client made from the OpenAPI page', () => {
  it('gets the page, and finds every address', async () => {
    const { get } = await mounted()
    expect(await (await get('/api/openapi.json')).json()).toEqual(page)
    expect(calls.length).toBeGreaterThan(30)
    expect(calls.filter(([method]) => method === 'post').length).toBeGreaterThan(12)
  })

  it('finds the mount of the dashboard from where the page is', () => {
    const at = new URL(page.servers[0]?.url ?? '', 'https://example.com/admin/queues/api/openapi.json')
    expect(at.href).toBe('https://example.com/admin/queues/')
  })

  it('finds a name and words for every operation, parameter and field', () => {
    const ids = calls.map(([, , { operationId }]) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const parameters = calls.flatMap(([, , call]) => parametersOf(call))
    expect(parameters.filter(({ description }) => !description)).toEqual([])
    expect(wordlessIn(page)).toEqual([])
  })

  it('holds an answer to all that the page says of it, behind references too', () => {
    const error = { code: 'not_found', message: 'no' }
    const refusal = asZod({ $ref: '#/components/schemas/Refusal' })
    expect(refusal.safeParse({ error }).success).toBe(true)
    expect(refusal.safeParse({ error: { ...error, more: 1 } }).success).toBe(false)
    expect(refusal.safeParse({ error: { code: 'not_found' } }).success).toBe(false)
  })

  it('signs in as the page of a dashboard with a token says, and calls with the cookie', async () => {
    const session = tokenSession({ grant: viewer })
    const { get, post } = await mounted({ authorize: session })
    const { paths, components } = description(session) as SessionPage
    expect(Object.keys(paths)).toContain('/session')
    const signedIn = await post('/session', { token: session.token })
    const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';')
    expect(cookie.split('=')[0]).toBe(components.securitySchemes.session.name)
    expect((await get('/api/me')).status).toBe(401)
    expect(await (await get('/api/me', { cookie })).json()).toMatchObject({ role: 'viewer' })
  })

  it.each(calls)('%s %s', async (method, address, call) => {
    const response = await ask(method, address, call, await withDead())
    const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(call.responses[200].content)
    expect(response.status, response.ok ? '' : await response.clone().text()).toBe(200)
    expect(response.headers.get('content-type')).toContain(type)
    if (type !== 'application/json') return response.body?.cancel()
    const answer: unknown = await response.json()
    const parsed = asZod(schema).safeParse(answer)
    expect(parsed.error?.issues ?? []).toEqual([])
  })

  it('carries out the change that it was shown', async () => {
    const all = await withDead()
    const address = '/api/queues/{queue}/changes'
    const call = page.paths[address]?.post as Call
    const preview: unknown = await (await ask('post', address, call, all)).json()
    const done = await all.post('/api/queues/default/changes', { preview })
    expect(await done.json()).toMatchObject({ failed: [], changed: [] })
  })

  it('gets no report of what is no statement', async () => {
    const { post } = await mounted()
    const answer = await post('/api/queues/default/report', { queue: 'default', promises: [null] })
    expect([answer.status, await answer.json()]).toMatchObject([422, { error: { code: 'invalid_input' } }])
  })
})
