/** A client that knows the OpenAPI page alone: it makes its requests from the schemas there, and holds the answers to them. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { description } from '../../../src/apps/dashboard/api/description.ts'
import { type Mounted, mounted } from './support.ts'

type Schema = Readonly<Record<string, unknown>>
interface Call {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: {
    readonly 200: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  }
}
type Method = 'get' | 'post'
const page = description() as {
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Method, Call>>>>>
}
const calls = Object.entries(page.paths).flatMap(([address, methods]) =>
  Object.entries(methods).map(([method, call]) => [method as Method, address, call as Call] as const),
)

/** What somebody who calls knows of this queue, by the name of the field. */
const known: Readonly<Record<string, unknown>> = {
  ...{
    queue: 'default',
    job: 'b',
    jobId: 'b',
    before: 'c',
    jobIds: ['dead'],
    jobs: ['b'],
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
function sample(schema: Schema, name = ''): unknown {
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

function addressOf(address: string, { parameters = [] }: Call): string {
  const path = address.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(sample({}, name))))
  const query = parameters
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

describe('a client made from the OpenAPI page', () => {
  it('gets the page, and finds every address', async () => {
    const { get } = await mounted()
    expect(await (await get('/api/openapi.json')).json()).toEqual(page)
    expect(calls.length).toBeGreaterThan(30)
    expect(calls.filter(([method]) => method === 'post').length).toBeGreaterThan(12)
  })

  it.each(calls)('%s %s', async (method, address, call) => {
    const response = await ask(method, address, call, await withDead())
    const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(call.responses[200].content)
    expect(response.status, response.ok ? '' : await response.clone().text()).toBe(200)
    expect(response.headers.get('content-type')).toContain(type)
    if (type !== 'application/json') return response.body?.cancel()
    const answer: unknown = await response.json()
    const parsed = z.fromJSONSchema(schema as never).safeParse(answer)
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
