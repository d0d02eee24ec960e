import { networkInterfaces } from 'node:os'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { runCli } from '../../../src/apps/cli/program.ts'
import { until } from '../contract/hand-made.ts'
import { documentOf, emptyQueue, type LoggedEvent, logOf, worked } from './history.ts'
import { interlock } from './support.ts'

interface Inspecting {
  readonly page: string
  readonly socket: string
  readonly ended: Promise<number>
  stop(): void
}

const running = new Set<Inspecting>()
afterEach(async () => {
  for (const each of running) {
    each.stop()
    await each.ended
  }
  running.clear()
})

/** `interlock inspect`, once it has said where. */
async function inspecting(url: string, ...words: readonly string[]): Promise<Inspecting> {
  const controller = new AbortController()
  const said = Promise.withResolvers<{ page: string; socket: string }>()
  let stderr = ''
  const ended = runCli(['inspect', ...words, '--json', '--url', url], {
    stdout: { write: (text) => said.resolve(JSON.parse(text)) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    signal: controller.signal,
  })
  void ended.then((code) => said.reject(new Error(`ended with ${code}: ${stderr}`)))
  const made = { ...(await said.promise), ended, stop: () => controller.abort() }
  running.add(made)
  return made
}

interface Message {
  readonly type: string
  readonly sessionId: string
  readonly rootId: string
  readonly definition?: string
  readonly event?: { readonly type: string; readonly seq: number }
  readonly snapshot?: {
    readonly value: unknown
    readonly status: string
    readonly context: {
      readonly version: number
      readonly activeCount: number
      readonly active: readonly string[]
    }
  }
}

/** A program that speaks the inspector's protocol. */
function client(address: string, options: { headers?: Record<string, string> } = {}) {
  const messages: Message[] = []
  const socket = new WebSocket(address, options)
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  const closed = new Promise<string>((resolve) => {
    socket.once('close', (code) => resolve(String(code)))
    socket.once('error', ({ message }) => resolve(message))
  })
  return { messages, socket, closed }
}

describe('interlock inspect', () => {
  let url = ''
  let events: readonly LoggedEvent[] = []
  beforeAll(async () => {
    url = await emptyQueue()
    await worked(url, ['a,m,0', 'b,m;n,0', 'c,o,0'])
    events = await logOf(url)
  })

  it('sends the registration of the actor, then each event and the snapshot after it, in order', async () => {
    const { socket } = await inspecting(url, '--speed', '0')
    const { messages } = client(socket)
    await until('everything has come', () => messages.length === 1 + 2 * events.length)
    const [registration, ...rest] = messages
    expect(registration).toMatchObject({
      type: '@xstate.actor',
      name: 'coordinator',
      snapshot: { value: 'idle' },
    })
    expect(JSON.parse(registration?.definition ?? '').states).toHaveProperty('draining.states.emptying')
    expect(rest.map(({ type, event }) => [type, event?.seq])).toEqual(
      events.flatMap(({ seq }) => [
        ['@xstate.event', seq],
        ['@xstate.snapshot', seq],
      ]),
    )
    expect(new Set(messages.map(({ sessionId, rootId }) => `${sessionId} ${rootId}`)).size).toBe(1)
    const snapshots = rest.filter(({ type }) => type === '@xstate.snapshot')
    expect(snapshots.map(({ snapshot }) => snapshot?.context.version)).toEqual(events.map(({ seq }) => seq))
    const started = events.findIndex(({ type }) => type === 'started')
    expect(snapshots[started]?.snapshot).toMatchObject({ value: 'running', context: { activeCount: 1 } })
    expect(snapshots.at(-1)?.snapshot).toMatchObject({
      value: 'idle',
      status: 'active',
      context: { active: [] },
    })
  })

  it('ends when the inspector is closed after a replay', async () => {
    const { socket, ended } = await inspecting(url, '--speed', '0', '--from', '3', '--to', '4')
    const { messages, socket: ours } = client(socket)
    await until('everything has come', () => messages.length === 5)
    expect(messages.map(({ event }) => event?.seq)).toEqual([undefined, 3, 3, 4, 4])
    ours.close()
    expect(await ended).toBe(0)
  })

  it('follows the queue live, and tells a late inspector its present state', async () => {
    const { socket } = await inspecting(url, '--live')
    const first = client(socket)
    await until('the first is registered', () => first.messages.length === 1)
    await documentOf(url, ['enqueue', '--job', 'live', '--models', 'm'])
    const isOfLive = ({ type, event }: Message) => type === '@xstate.event' && event?.type === 'queued'
    await until('what happens now comes', () => first.messages.some(isOfLive))
    const second = client(socket)
    await until('the second is registered', () => second.messages.length > 0)
    expect(second.messages[0]).toMatchObject({
      type: '@xstate.actor',
      snapshot: { context: { waitingCount: 1 } },
    })
  })

  it('gives nothing to anybody without the token, or from elsewhere', async () => {
    const { socket } = await inspecting(url, '--live')
    const right = new URL(socket)
    const wrong = `${right.origin}/?token=${(right.searchParams.get('token') ?? '').replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`
    const others = [
      client(right.origin),
      client(wrong),
      client(`${right.origin}/?token=`),
      client(socket, { headers: { host: `evil.example:${right.port}` } }),
      client(socket, { headers: { origin: 'https://evil.example' } }),
    ]
    const good = client(socket, { headers: { origin: 'https://stately.ai' } })
    await until('the right one is in', () => good.messages.length > 0)
    expect(await Promise.all(others.map(({ closed }) => closed))).toEqual(
      others.map(() => 'Unexpected server response: 401'),
    )
    expect(others.flatMap(({ messages }) => messages)).toEqual([])
  })

  it('listens on this machine only', async () => {
    const { socket } = await inspecting(url, '--live')
    const outside = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')
    // Without a network there is nobody to be kept out; the other loopback address stands for him.
    const { closed } = client(socket.replace('127.0.0.1', outside?.address ?? '127.0.0.2'))
    expect(await closed).toMatch(/ECONNREFUSED/)
  })

  it('has a page that brings it into the inspector, and holds no secret', async () => {
    const { page, socket } = await inspecting(url, '--live', '--ui', 'http://localhost:3000/look?a=1&b=2')
    const token = new URL(socket).searchParams.get('token') ?? ''
    const { origin, hash } = new URL(page)
    expect(hash).toBe(`#${token}`)
    expect(token.length).toBe(43)
    const html = await fetch(origin)
    const text = await html.text()
    expect(text).toContain('src="http://localhost:3000/look?a=1&amp;b=2"')
    expect(text).not.toContain(token)
    expect(html.headers.get('content-security-policy')).toContain('frame-src http://localhost:3000;')
    expect((await (await fetch(`${origin}/bridge.js`)).text()).length).toBeGreaterThan(200)
    expect((await fetch(`${origin}/other`)).status).toBe(404)
    expect((await fetch(origin, { method: 'POST' })).status).toBe(404)
  })

  it('says that its port is taken, and by which flag there is another', async () => {
    const { socket } = await inspecting(url, '--live')
    const { code, stdout, stderr } = await interlock([
      'inspect',
      '--port',
      new URL(socket).port,
      '--url',
      url,
    ])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(
      /^error \(invalid_input\): port \d+ of 127\.0\.0\.1 is taken by another program\n {2}to do: use --port 0 for a free one\n$/,
    )
  })

  it.each([
    [['--ui', 'javascript:alert(1)'], '--ui javascript:alert(1): must be an address'],
    [['--live', '--to', '3'], '--to: cannot be used together with --live, which has no end'],
    [['--port', '70000'], '--port 70000: must be a whole number'],
    [['--speed', '-1'], '--speed -1: must be a number'],
  ])('%j is refused before anything is opened', async (words, message) => {
    const { code, stderr } = await interlock(['inspect', ...words, '--url', 'postgres://127.0.0.1:1/x'])
    expect({ code, says: stderr.includes(message) }).toEqual({ code: 2, says: true })
  })
})
