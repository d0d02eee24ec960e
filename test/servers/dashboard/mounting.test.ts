/** The dashboard under a prefix, in the servers that people have. */
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import oldestFastify from 'fastify-oldest'
import { Hono } from 'hono'
import { expect, it, onTestFinished } from 'vitest'
import { createDashboard, toNodeHandler } from '../../../src/apps/dashboard/index.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { madeOnce } from '../../support/once.ts'
import { operator } from './support.ts'

const MOUNT = '/admin/queues'

async function mountable() {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  const dashboard = createDashboard({
    store,
    basePath: MOUNT,
    authorize: () => operator,
    page: await madeOnce('page'),
  })
  onTestFinished(async () => {
    await dashboard.close()
    await coordinator.close()
  })
  return dashboard
}

type Send = (path: string, init?: RequestInit) => Promise<Response>

/** What a browser does with it. */
async function check(send: Send, origin: string): Promise<void> {
  const moved = await send(`${MOUNT}?at=3`, { redirect: 'manual' })
  expect([moved.status, new URL(moved.headers.get('location') ?? '', `${origin}${MOUNT}`).href]).toEqual([
    308,
    `${origin}${MOUNT}/?at=3`,
  ])
  const page = await send(`${MOUNT}/`)
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  for (const [, address = ''] of (await page.text()).matchAll(/(?:src|href)="(page\.[^"]+)"/g))
    expect((await send(`${MOUNT}/${address}`)).status).toBe(200)
  expect(await (await send(`${MOUNT}/api/me`)).json()).toMatchObject({ actor: 'oncall' })
  const pulled = await send(`${MOUNT}/api/queues/default/levers/drain`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: '{"preview":true}',
  })
  expect(await pulled.json()).toMatchObject({ preview: true, changed: true })
  const stream = await send(`${MOUNT}/api/queues/default/events`)
  const reader = stream.body?.getReader()
  let text = ''
  while (!text.includes('event: log')) text += new TextDecoder().decode((await reader?.read())?.value)
  await reader?.cancel()
}

/** A server of Node's, over the wire. */
async function over(server: ReturnType<typeof createServer>): Promise<void> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await check((path, init) => fetch(`${origin}${path}`, init), origin)
}

it('node:http (createDashboard, toNodeHandler)', async () => {
  await over(createServer(toNodeHandler(await mountable())))
})

it.each([fastify, oldestFastify as never as typeof fastify])('Fastify, newest and oldest', async (server) => {
  const handle = toNodeHandler(await mountable())
  const app = server()
  await app.register((scope, _options, done) => {
    // The dashboard reads the body itself.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, parsed) => parsed(null))
    for (const path of [MOUNT, `${MOUNT}/*`])
      scope.all(path, (request, reply) => {
        reply.hijack()
        handle(request.raw, reply.raw)
      })
    done()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    app.server.closeAllConnections()
    await app.close()
  })
  const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  await check((path, init) => fetch(`${origin}${path}`, init), origin)
})

it('Hono', async () => {
  const dashboard = await mountable()
  const app = new Hono()
  app.all(MOUNT, (context) => dashboard.fetch(context.req.raw))
  app.all(`${MOUNT}/*`, (context) => dashboard.fetch(context.req.raw))
  await check(
    async (path, init) => app.fetch(new Request(`http://localhost:8080${path}`, init)),
    'http://localhost:8080',
  )
})

it('a server that takes the mount off the address, and has read the body', async () => {
  const handle = toNodeHandler(await mountable())
  const server = createServer(async (incoming, outgoing) => {
    const { url = '' } = incoming
    let text = ''
    for await (const chunk of incoming) text += String(chunk)
    const body = incoming.method === 'POST' ? { body: JSON.parse(text) } : {}
    handle(
      Object.assign(incoming, { originalUrl: url, url: url.slice(MOUNT.length) || '/', ...body }),
      outgoing,
    )
  })
  await over(server)
})

it('a client that goes away in the middle of a stream leaves nothing open', async () => {
  const dashboard = await mountable()
  const server = createServer(toNodeHandler(dashboard))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const client = httpRequest({ port, host: '127.0.0.1', path: `${MOUNT}/api/queues/default/events` })
  client.on('error', () => {})
  client.end()
  await once(client, 'response')
  const closed = new Promise<void>((resolve) => server.once('connection', () => resolve()))
  client.destroy()
  // It still answers.
  expect((await fetch(`http://127.0.0.1:${port}${MOUNT}/api/me`)).status).toBe(200)
  await closed
})
