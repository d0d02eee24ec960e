/** What happened to the dashboards of others, and what people try. Each was seen to succeed with its guard taken away. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type Authorize,
  createDashboard,
  type DashboardOptions,
  levers,
  type TokenSession,
  tokenSession,
  toNodeHandler,
} from '../../../src/apps/dashboard/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { HOST, mounted, operator, viewer } from './support.ts'

const lever = '/api/queues/default/levers/drain'
const codeOf = async (response: Response) => {
  const { error } = (await response.json()) as { readonly error: { readonly code: string } }
  return [response.status, error.code]
}

describe('the Host', () => {
  const names = [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'evil.example:8080',
    'localhost.',
  ]
  it.each(names)('%s leads nowhere, whatever points it at this machine (CVE-2025-66414)', async (host) => {
    const { get, post } = await mounted()
    expect((await get('/', { host })).status).toBeGreaterThanOrEqual(400)
    expect((await get('/api/me', { host })).status).toBeGreaterThanOrEqual(400)
    const answer = await post(lever, {}, { host, origin: `http://${host}` })
    expect(answer.status).toBeGreaterThanOrEqual(400)
  })

  it('is compared with its port where the list has one', async () => {
    const { get } = await mounted({ hosts: ['admin.example.com', 'localhost:9000'] })
    expect((await get('/api/me', { host: 'admin.example.com' })).status).toBe(200)
    expect((await get('/api/me', { host: 'localhost:9000' })).status).toBe(200)
    expect(await codeOf(await get('/api/me', { host: 'localhost:9001' }))).toEqual([403, 'bad_host'])
  })

  it.each(['', '[', 'a b', 'x:99999999', '%00', '[::1', '@', 'a:b@c', '\u00ff', '//', 'x:y'])(
    'a malformed one (%j) ends nothing (CVE-2026-14631)',
    async (host) => {
      const { dashboard } = await mounted()
      const port = await listening(dashboard)
      expect(await rawly(port, `GET /api/me HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1\.1 4\d\d/,
      )
      // It lives, and goes on.
      expect(
        await rawly(port, `GET /api/me HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`),
      ).toMatch(/^HTTP\/1\.1 200/)
    },
  )
})

describe('what changes something', () => {
  const origins = [
    ['none at all', undefined],
    ['null, of a sandboxed frame (CVE-2026-27977)', 'null'],
    ['one that begins right (CVE-2026-40110)', `http://${HOST}.evil.example`],
    ['one that ends right', `http://evil.example/${HOST}`],
    ['one that has it in the middle', `http://evil.example?http://${HOST}#`],
    ['the right host at another port', 'http://localhost:1'],
    ['the right host by another scheme', `ftp://${HOST}`],
    ['another case of it', `HTTP://${HOST}`],
  ] as const
  it.each(origins)('is refused for an Origin that is %s', async (_, origin) => {
    const { post, store } = await mounted()
    const headers: Record<string, string> = origin === undefined ? { origin: '' } : { origin }
    const { version } = await store.read('default', 0, 1)
    expect(await codeOf(await post(lever, {}, headers))).toEqual([403, 'bad_origin'])
    expect((await store.read('default', 0, 1)).version).toBe(version)
  })

  it.each(['cross-site', 'same-site', 'none'])('is refused to a request from %s', async (site) => {
    const { post } = await mounted()
    const answer = await post(lever, {}, { 'sec-fetch-site': site })
    expect(await codeOf(answer)).toEqual([403, 'bad_origin'])
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'text/plain; application/json',
    '',
  ])('is refused as %j, which a form of another site can send', async (type) => {
    const { post } = await mounted()
    expect((await post(lever, {}, { 'content-type': type })).status).toBe(415)
  })

  it('is taken from the origin that a proxy is known by, and from no other then', async () => {
    const { post } = await mounted({ origins: ['https://admin.example.com'] })
    expect((await post(lever, {}, { origin: 'https://admin.example.com' })).status).toBe(200)
    expect(await codeOf(await post(lever, {}))).toEqual([403, 'bad_origin'])
  })

  it('is read up to a bound', async () => {
    const { post } = await mounted()
    const answer = await post(lever, { preview: 'x'.repeat(300_000) })
    expect(await codeOf(answer)).toEqual([413, 'too_large'])
  })
})

it.each(['cross-site', 'same-site'])('reading is refused to a page from %s', async (site) => {
  const { get } = await mounted()
  for (const path of ['/api/me', '/api/queues/default/log', '/api/queues/default/events'])
    expect(await codeOf(await get(path, { 'sec-fetch-site': site }))).toEqual([403, 'bad_origin'])
})

const addresses = [
  ...['me', 'queues', 'openapi.json', 'queues/default', 'queues/default/log', 'queues/default/snapshot'],
  ...[
    'queues/default/events',
    'queues/default/workers',
    'queues/default/jobs/a',
    'queues/default/jobs/a/data',
    'queues/default/jobs/a/position',
  ],
  ...['queues/default/progress', 'queues/default/dead', 'nothing'],
].map((path) => `/api/${path}`)

describe('without a login there is nothing (CVE-2026-12046)', () => {
  it.each(addresses)('at %s', async (path) => {
    const { get } = await mounted({ authorize: () => null })
    expect(await codeOf(await get(path))).toEqual([401, 'not_signed_in'])
    const session = await mounted({ authorize: tokenSession({ grant: operator }) })
    expect(await codeOf(await session.get(path))).toEqual([401, 'not_signed_in'])
  })

  it.each(levers)('at the lever %s', async (name) => {
    const { post } = await mounted({ authorize: () => null })
    expect(await codeOf(await post(`/api/queues/default/levers/${name}`, {}))).toEqual([401, 'not_signed_in'])
  })

  it.each(['/', '/page.js', '/page.css', '/session'])(
    'not even the page, where people sign in elsewhere: %s',
    async (path) => {
      const { get, post } = await mounted({ authorize: () => null })
      expect((await get(path)).status).toBe(401)
      expect((await post('/session', { token: '' })).status).toBe(401)
    },
  )

  it('and nothing starts', () => {
    const without = { store: memoryStore() } as unknown as DashboardOptions
    expect(() => createDashboard(without)).toThrow(/options\.authorize: is needed/)
  })

  it('nor if `authorize` fails or returns something that is not a grant; the client does not learn why', async () => {
    const told: string[] = []
    const note = (line: string) => void told.push(line)
    const logger = { info: note, warn: note, error: note }
    const fail = () => {
      throw new Error('password of the directory')
    }
    // Mistakes of a program without types.
    const mistakes = [fail, () => ({ actor: 'x y', role: 'operator' }), () => ({ role: 'root' }), () => true]
    for (const authorize of mistakes as unknown as readonly Authorize[]) {
      const { get } = await mounted({ authorize, logger })
      const answer = await get('/api/me')
      expect(answer.status).toBe(500)
      expect(await answer.text()).not.toContain('password')
    }
    expect(told.join()).toContain('password of the directory')
  })
})

describe('the address with a token (tokenSession)', () => {
  const session = () => tokenSession({ grant: viewer })

  it('lets one browser in, once', async () => {
    const authorize = session()
    const { get, post } = await mounted({ authorize })
    const { token } = authorize
    const answer = await post('/session', { token })
    const cookie = answer.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^interlock_[0-9a-f]{8}=[^;]+; HttpOnly; SameSite=Strict; Max-Age=43200$/)
    const pair = cookie.split(';')[0] ?? ''
    expect((await get('/api/me', { cookie: pair })).status).toBe(200)
    expect(await codeOf(await post('/session', { token }))).toEqual([401, 'not_signed_in'])
  })

  it.each([null, '', 'x', 'A'.repeat(43), 7, {}, []])('refuses a guessed token (%j)', async (token) => {
    const { post } = await mounted({ authorize: session() })
    expect(await codeOf(await post('/session', { token }))).toEqual([401, 'not_signed_in'])
  })

  it('is exchanged for no other site', async () => {
    const authorize = session()
    const { post } = await mounted({ authorize })
    const answer = await post('/session', { token: authorize.token }, { origin: 'null' })
    expect(await codeOf(answer)).toEqual([403, 'bad_origin'])
  })

  it('gives a cookie that outlives the process where its secret does, for the same grant alone', async () => {
    const secret = 'a secret of at least 32 characters'
    const first = tokenSession({ grant: viewer, secret })
    const cookie = (first.exchange(first.token, false) ?? '').split(';')[0] ?? ''
    const statusOf = async (authorize: TokenSession) =>
      (await (await mounted({ authorize })).get('/api/me', { cookie })).status
    expect(await statusOf(tokenSession({ grant: viewer, secret }))).toBe(200)
    expect(await statusOf(tokenSession({ grant: operator, secret }))).toBe(401)
    expect(await statusOf(tokenSession({ grant: { ...viewer, data: true }, secret }))).toBe(401)
    expect(await statusOf(tokenSession({ grant: viewer, secret: `${secret}!` }))).toBe(401)
    expect(await statusOf(tokenSession({ grant: viewer }))).toBe(401)
    expect(() => tokenSession({ grant: viewer, secret: 'short' })).toThrow(/options\.secret/)
  })

  it('gives a cookie that cannot be changed, made elsewhere, or kept for ever', async () => {
    let now = Date.now()
    const authorize = tokenSession({ grant: operator, hours: 1, now: () => now })
    const { get, post } = await mounted({ authorize })
    const answer = await post('/session', { token: authorize.token })
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const [name = '', value = ''] = cookie.split('=')
    const [expires = '', nonce, mark = ''] = value.split('.')
    const statusWith = async (text: string) => (await get('/api/me', { cookie: `${name}=${text}` })).status
    expect(await statusWith(value)).toBe(200)
    expect(await statusWith(`${Number(expires) + 1}.${nonce}.${mark}`)).toBe(401)
    expect(await statusWith(`${expires}.${nonce}.${mark.slice(0, -2)}`)).toBe(401)
    expect(await statusWith(`${expires}.${nonce}.`)).toBe(401)
    expect(await statusWith(`${expires}.${nonce}`)).toBe(401)
    // Of another process, under the same name.
    const other = tokenSession({ grant: operator })
    const foreign = (other.exchange(other.token, false) ?? '').split(';')[0]?.split('=')[1] ?? ''
    expect(await statusWith(foreign)).toBe(401)
    // Who can set a cookie of the same name beside it locks nobody out.
    expect((await get('/api/me', { cookie: `${name}=junk; ${cookie}` })).status).toBe(200)
    now += 3_600_001
    expect(await statusWith(value)).toBe(401)
  })
})

describe('roles', () => {
  it.each(levers)('a viewer does not pull %s', async (name) => {
    const { post, store } = await mounted({ authorize: () => viewer })
    const { version } = await store.read('default', 0, 1)
    for (const preview of [true, false])
      expect(await codeOf(await post(`/api/queues/default/levers/${name}`, { preview }))).toEqual([
        403,
        'not_allowed',
      ])
    expect((await store.read('default', 0, 1)).version).toBe(version)
  })

  it('an operator pulls only the levers of the grant, and the log names the operator', async () => {
    const authorize = () => ({ actor: 'oncall', role: 'operator', levers: ['drain'] }) as const
    const { post, store } = await mounted({ authorize })
    expect((await post(lever, {})).status).toBe(200)
    expect(await codeOf(await post('/api/queues/default/levers/resume', {}))).toEqual([403, 'not_allowed'])
    const { events } = await store.read('default', 0, 100)
    expect(events.at(-1)).toMatchObject({
      type: 'drain_requested',
      commandId: expect.stringMatching(/^oncall:/),
    })
  })

  it('payloads, results, errors and progress are shown only to users whose grant has data', async () => {
    const { get, coordinator } = await mounted({ authorize: () => viewer })
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([{ jobId: 'd', models: ['n'], attempts: 1, payload: { secret: 1 } }])
    const [lease] = await coordinator.claim({ max: 1, kinds: null })
    if (lease !== undefined)
      await coordinator.fail(lease.lease, { error: new Error('secret'), retryAt: null })
    for (const path of ['jobs/d/data', 'progress?jobs=d'])
      expect(await codeOf(await get(`/api/queues/default/${path}`))).toEqual([403, 'not_allowed'])
    const dead = await (await get('/api/queues/default/dead')).text()
    expect(dead).toContain('"jobId":"d"')
    expect(dead).not.toContain('secret')
    expect(await codeOf(await get('/api/queues/default/jobs?state=dead&error=secret'))).toEqual([
      403,
      'not_allowed',
    ])
  })

  it('a queue outside the grant does not exist for the user', async () => {
    const { get, post, dashboard } = await mounted({ authorize: () => ({ ...operator, queues: ['other'] }) })
    expect(await (await get('/api/me')).json()).toMatchObject({ queues: [] })
    for (const path of ['', '/log', '/events', '/dead'])
      expect(await codeOf(await get(`/api/queues/default${path}`))).toEqual([404, 'unknown_queue'])
    expect(await codeOf(await post(lever, {}))).toEqual([404, 'unknown_queue'])
    await dashboard.close()
  })
})

describe('addresses', () => {
  const elsewhere = [
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/page.js/../../../package.json',
    '/./.././page.js%00.html',
    '/page.js%2f..%2f..',
    '/constructor',
    '/__proto__',
    '/api/queues/default/levers/constructor',
    '/api/queues/__proto__/log',
    '/api/queues/%ff/log',
    '/api/queues/..%2f..%2f',
    '//evil.example/',
    'http://evil.example/api/me',
  ]
  it.each(elsewhere)('%s leads to no file and to nothing else', async (path) => {
    const { dashboard } = await mounted({ authorize: () => operator })
    const port = await listening(dashboard)
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`
    expect(await rawly(port, request)).toMatch(/^HTTP\/1\.1 4\d\d/)
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is answered nowhere', async (method) => {
    const { dashboard } = await mounted()
    const request = new Request(`http://${HOST}/api/me`, { method, headers: { host: HOST } })
    expect((await dashboard.fetch(request)).status).toBe(405)
  })
})

it('every answer, refusals too, says what a browser may do with it', async () => {
  const { get, post } = await mounted()
  const answers = [
    await get('/'),
    await get('/api/me'),
    await get('/nothing'),
    await post(lever, {}, { origin: 'null' }),
  ]
  for (const { headers } of answers) {
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    )
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': expect.stringMatching(/no-store|no-cache/),
    })
    expect(headers.has('access-control-allow-origin')).toBe(false)
  }
  expect(await answers[0]?.text()).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|https?:/)
})

describe('a flood of streams', () => {
  it('meets a bound, of one and of all, and what was closed is free again', async () => {
    let actor = 'oncall'
    const authorize = () => ({ actor, role: 'viewer' }) as const
    const { get } = await mounted({ authorize, maxStreams: 3, maxStreamsPerActor: 2 })
    const stream = () => get('/api/queues/default/events')
    const open = [await stream(), await stream()]
    expect(await codeOf(await stream())).toEqual([503, 'too_many'])
    actor = 'bob'
    open.push(await stream())
    expect(await codeOf(await stream())).toEqual([503, 'too_many'])
    await open[0]?.body?.cancel()
    expect((await stream()).status).toBe(200)
  })
})

/** The port of a server that lives as long as the test. */
async function listening(dashboard: Parameters<typeof toNodeHandler>[0]): Promise<number> {
  const server = createServer(toNodeHandler(dashboard))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** What is answered to these very bytes. */
async function rawly(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(Buffer.from(request, 'latin1'))
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}
