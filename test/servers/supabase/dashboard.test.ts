/** The dashboard over the API of a project: live by Realtime, and each request has its price. */
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { runCli } from '../../../src/apps/cli/program.ts'
import { createDashboard } from '../../../src/apps/dashboard/index.ts'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { type SupabaseOptions, supabaseStore } from '../../../src/engine/store/supabase/index.ts'
import { clientOf, type Message, messagesIn, operator } from '../dashboard/support.ts'
import { type Project, startMigrated, storeOn } from './support.ts'

let project: Project
beforeAll(async () => {
  project = await startMigrated()
})
afterAll(() => project.close())

/** Longer than any test: nothing is found by asking. */
const NEVER = 3_600_000

/** A coordinator elsewhere, and a dashboard with so many viewers, of which each request is counted by its function. */
async function watched(queue: string, viewers: number, options: SupabaseOptions = {}) {
  const own = storeOn(project)
  const coordinator = await createCoordinator({ store: own, queue, logger: silentLogger })
  const counts: Record<string, number> = {}
  const counting: typeof fetch = (input, init) => {
    const name = /rpc\/(\w+)/.exec(String(input))?.[1] ?? 'tables'
    counts[name] = (counts[name] ?? 0) + 1
    return fetch(input, init)
  }
  const client = createClient(project.url, project.keys.secret, {
    auth: { persistSession: false },
    global: { fetch: counting },
  })
  const store = supabaseStore(client, options)
  const dashboard = createDashboard({ store, queue, authorize: () => operator, pollMs: NEVER })
  onTestFinished(async () => {
    await dashboard.close()
    await coordinator.close()
    await Promise.all([store.close(), own.close()])
    await client.realtime.disconnect()
  })
  const { get, post } = clientOf(dashboard)
  const streams = await Promise.all(
    Array.from({ length: viewers }, async () => messagesIn(await get(`/api/queues/${queue}/events`))),
  )
  return { coordinator, counts, streams, get, post }
}

/** Until an event with this number has come. */
async function upTo(seq: number, stream: AsyncGenerator<Message>) {
  for (;;) {
    const { value, done } = await stream.next()
    if (done) throw new Error('the stream has ended')
    if (value.event === 'log' && value.data.at(-1).seq >= seq) return
  }
}

async function append(coordinator: Coordinator, jobId: string, streams: readonly AsyncGenerator<Message>[]) {
  await coordinator.enqueue([{ jobId, models: ['m'] }])
  await Promise.all(streams.map((stream) => upTo(coordinator.state().version, stream)))
}

describe.each([['Realtime', {}] as const, ['asking, where Realtime is away', { wake: 'poll' }] as const])(
  'by %s',
  (_, options) => {
    it('what happens elsewhere is shown, and ten viewers cost the project what one does', async () => {
      const reads: number[] = []
      for (const viewers of [1, 10]) {
        const queue = `viewers-${viewers}-${'wake' in options ? 'poll' : 'live'}`
        const { coordinator, counts, streams } = await watched(queue, viewers, options)
        await append(coordinator, 'a', streams)
        for (const name of Object.keys(counts)) delete counts[name]
        for (const jobId of 'bcdef') await append(coordinator, jobId, streams)
        reads.push(counts['job_queue_read'] ?? 0)
        // Beside that only its health: the processes each 5 s, what waits outside of the line each 15 s, the rest once.
        expect(
          ['read', 'worker_list', 'backlog', 'submitted', 'snapshot', 'dead'].map(
            (name) => `job_queue_${name}`,
          ),
        ).toEqual(expect.arrayContaining(Object.keys(counts)))
      }
      // For each of five messages one, and others where the log has gone on meanwhile. Ten viewers of their own would ask fifty times.
      expect(Math.max(...reads)).toBeLessThanOrEqual(15)
    })
  },
)

it('levers are pulled over it, and the log names the actor', async () => {
  const { coordinator, streams, post, get } = await watched('levers', 1)
  await append(coordinator, 'a', streams)
  const answer = await post('/api/queues/levers/levers/pause-model', { model: 'm', reason: 'provider_down' })
  expect(answer.status, await answer.clone().text()).toBe(200)
  const { version } = (await answer.json()) as { readonly version: number }
  await upTo(version, streams[0] as AsyncGenerator<Message>)
  const { events } = (await (await get(`/api/queues/levers/log?after=${version - 1}`)).json()) as {
    readonly events: readonly object[]
  }
  expect(events).toMatchObject([{ type: 'model_paused', commandId: expect.stringMatching(/^oncall:/) }])
})

it('`interlock dashboard --url` serves a project, and its key goes nowhere', async () => {
  const store = storeOn(project)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(async () => {
    await coordinator.close()
    await store.close()
  })
  await coordinator.enqueue([{ jobId: 'of-the-project', models: ['m'] }])
  const end = new AbortController()
  let said = ''
  const write = (text: string) => (said += text)
  const env = { SUPABASE_SECRET_KEY: project.keys.secret }
  const words = ['dashboard', '--url', project.url, '--json']
  const done = runCli(words, { stdout: { write }, stderr: { write }, env, signal: end.signal })
  const address = await vi.waitUntil(() => /"url":\s*"([^"]+)"/.exec(said)?.[1], { timeout: 20_000 })
  const { origin, hash } = new URL(address)
  const headers = { origin, 'content-type': 'application/json' }
  const body = JSON.stringify({ token: hash.slice(1) })
  const entry = await fetch(`${origin}/session`, { method: 'POST', headers, body })
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? ''
  const get = async (way: string) => (await fetch(`${origin}/${way}`, { headers: { cookie } })).text()
  expect(await get('api/queues/default/log')).toContain('of-the-project')
  for (const way of ['', 'api/me', 'api/queues', 'api/queues/none/log'])
    expect(await get(way)).not.toContain(project.keys.secret)
  end.abort()
  expect(await done).toBe(0)
  expect(said).not.toContain(project.keys.secret)
})
