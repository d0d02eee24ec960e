/** The small server for `/metrics`: nothing that comes over the wire ends it or opens more than that. */
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createMetrics, type ServedMetrics, serveMetrics } from '../../../src/tools/prometheus/index.ts'
import { join } from '../coordinator/support.ts'

const token = 'a-token-for-this-test'
let served: ServedMetrics
beforeAll(async () => {
  served = await serveMetrics(createMetrics({ coordinator: await join() }), { port: 0, token })
})
afterAll(() => served.close())

const authorization = { authorization: `Bearer ${token}` }
const ask = (path: string, init: RequestInit = {}) => fetch(new URL(path, served.url), init)

/** What is answered to these bytes. */
function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(served.url)
  return new Promise((resolve) => {
    let said = ''
    const socket = connect(Number(port), hostname, () => socket.end(text))
    socket.on('data', (bytes) => (said += bytes))
    socket.on('close', () => resolve(said.split('\r\n')[0] ?? ''))
    socket.on('error', () => {})
  })
}

it('serveMetrics: listens on this machine only, and wants the token', async () => {
  expect(new URL(served.url).hostname).toBe('127.0.0.1')
  expect((await ask('/metrics')).status).toBe(401)
  for (const wrong of ['Bearer', 'Bearer x', `Basic ${token}`, `Bearer ${token}x`])
    expect((await ask('/metrics', { headers: { authorization: wrong } })).status).toBe(401)
  const answer = await ask('/metrics?x=1', { headers: authorization })
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain('interlock_build_info')
  const head = await ask('/metrics', { method: 'HEAD', headers: authorization })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await ask('/metrics', { method: 'POST', headers: authorization })).status).toBe(405)
  for (const path of ['/', '/metrics/', '/metricsx', '/api/me'])
    expect((await ask(path, { headers: authorization })).status).toBe(404)
})

it('outlives addresses and requests that no parser takes', async () => {
  for (const [text, status] of [
    ['GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '404'],
    ['GET //[:::: HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '404'],
    ['GET /%ff%00 HTTP/1.1\r\nHost: ://\r\nConnection: close\r\n\r\n', '404'],
    ['GARBAGE\r\n\r\n', ''],
    ['\u0000\u0001', ''],
  ] as const)
    expect(await raw(text), text).toContain(status)
  expect((await ask('/metrics', { headers: authorization })).status).toBe(200)
})

it('refuses a port that is taken, and says what to do', async () => {
  const { port } = new URL(served.url)
  await expect(serveMetrics({ fetch: () => new Response() }, { port: Number(port) })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('another port'),
  })
})
