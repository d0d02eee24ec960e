/** The local Supabase outlives what comes from outside: any request, any notification, a restart of the database. */
import net from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ConnectionLost, type DevDatabase } from '../../src/apps/dev/database/database.ts'
import { makeKeys } from '../../src/apps/dev/keys.ts'
import { RestHandler } from '../../src/apps/dev/rest/handler.ts'
import { clientOf, type Project, startProject } from './support.ts'

let project: Project
beforeAll(async () => {
  project = await startProject(`
    create function odd(headers text, status text) returns int language plpgsql as $$ begin
      perform set_config('response.headers', headers, true);
      perform set_config('response.status', status, true);
      return 1;
    end $$;
    create function shout(topic text) returns void language sql security definer as
      $$ select realtime.send('{"loud": true}'::jsonb, 'shout', topic, false) $$;
  `)
})
afterAll(() => project.close())

/** The first line of the answer to these bytes; empty when the connection is ended without one. */
function answerTo(bytes: string): Promise<string> {
  const { hostname, port } = new URL(project.url)
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes))
    let answer = ''
    socket.setTimeout(5_000, () => socket.destroy())
    socket.on('data', (data) => {
      answer += String(data)
      socket.end()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''))
  })
}

const upgrade = (target: string) =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`

it.each([
  [upgrade('//'), 'HTTP/1.1 404 Not Found'],
  [upgrade('http://%/realtime/v1/websocket'), 'HTTP/1.1 400 Bad Request'],
  [upgrade('/realtime/v1/websocket'), 'HTTP/1.1 101 Switching Protocols'],
  ['GET // HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP/1.1 404 Not Found'],
  ['GET http://%/ HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
])('%j is answered with %s', async (bytes, line) => {
  expect(await answerTo(bytes)).toBe(line)
})

it('a path that is no text is not there', async () => {
  const answer = await fetch(`${project.url}/rest/v1/%E0%A4%A`, { headers: { apikey: project.keys.secret } })
  expect([answer.status, await answer.json()]).toEqual([404, expect.objectContaining({ code: 'PGRST125' })])
})

it.each([
  ['[{"a b": "c"}]', ''],
  ['[]', ''],
  ['', '99999'],
  ['', '200'],
])(
  'headers %s and status "%s" of a function are refused, and nobody repeats the call',
  async (headers, status) => {
    const answer = await fetch(`${project.url}/rest/v1/rpc/odd`, {
      method: 'POST',
      headers: { apikey: project.keys.secret, 'Content-Type': 'application/json' },
      body: JSON.stringify({ headers, status }),
    })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([501, null])
  },
)

async function joined(topic: string, hear: (payload: unknown) => void): Promise<void> {
  const channel = clientOf(project, project.keys.secret).channel(topic)
  channel.on('broadcast', { event: 'shout' }, ({ payload }) => hear(payload))
  await new Promise<void>((resolve) => {
    channel.subscribe((status) => status === 'SUBSCRIBED' && resolve())
  })
}

it.each(['x', 'null', '7', '{"topic": 7}'])('a notification %s is passed over', async (text) => {
  const heard: unknown[] = []
  await joined('after', (payload) => heard.push(payload))
  await project.query(
    `select pg_notify(c, $1) from unnest(array['interlock_dev_broadcast', 'interlock_dev_change']) c`,
    [text],
  )
  await project.query(`select shout('after')`)
  await expect.poll(() => heard).toEqual([{ loud: true }])
})

it('hears the database again after its connections have ended, and reads its functions again', async () => {
  const heard: unknown[] = []
  await joined('restart', (payload) => heard.push(payload))
  await project.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'interlock dev'`)
  await expect
    .poll(
      async () => {
        await project.query(`select shout('restart')`)
        return heard.length
      },
      { timeout: 10_000 },
    )
    .toBeGreaterThan(0)
  const { status } = await fetch(`${project.url}/rest/v1/rpc/odd`, {
    method: 'POST',
    headers: { apikey: project.keys.secret, 'Content-Type': 'application/json' },
    body: '{"headers": "", "status": ""}',
  })
  expect(status).toBe(200)
})

it.each([
  ['a mistake of its own', new TypeError('x is not a function'), 500, undefined],
  ['a database that is away', new ConnectionLost('Connection terminated'), 503, '0'],
])('%s is told to repeat or not: %s', async (_, error, status, retryAfter) => {
  const fail = () => Promise.reject(error)
  const db: DevDatabase = {
    name: 'broken',
    query: fail,
    exec: fail,
    transaction: fail,
    listen: fail,
    close: fail,
  }
  const rest = new RestHandler({ db, keys: await makeKeys(), schemas: ['public'] })
  const request = { method: 'GET', path: '/jobs', query: new URLSearchParams(), headers: {}, body: '' }
  const answer = await rest.handle(request)
  expect([answer.status, answer.headers['Retry-After']]).toEqual([status, retryAfter])
})
