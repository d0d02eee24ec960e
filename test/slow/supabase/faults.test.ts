// Slow: loses and delays answers, many times.
/** What the API, a gateway or the network do to calls: one set of events per command, clear errors, and no key anywhere. */
import type { ServerResponse } from 'node:http'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { type SupabaseLike, supabaseClient, supabaseStore } from '../../../src/engine/store/supabase/index.ts'
import { appendNow, queuedEvent } from '../../servers/contract/hand-made.ts'
import { type Project, startMigrated } from '../../servers/supabase/support.ts'
import { atEnd } from '../../support/this-test.ts'
import { type Fault, faultsWith, startProxy } from './proxy.ts'

let project: Project
beforeAll(async () => {
  project = await startMigrated()
})
afterAll(() => project.close())

let queues = 0

/** A coordinator behind a proxy, and every line that it wrote. */
async function behindProxy() {
  const proxy = await startProxy(project.url)
  const store = supabaseStore(supabaseClient(proxy.url, project.keys.secret), {
    wake: 'poll',
    timeoutMs: 1_000,
  })
  const lines: string[] = []
  const note = (line: unknown) => void lines.push(String(line))
  const logger = { info: note, warn: note, error: note }
  const queue = `faults-${++queues}`
  const coordinator = await createCoordinator({ store, queue, logger, leaseMs: 60_000 })
  atEnd(async () => {
    await coordinator.close()
    await store.close()
  })
  return { proxy, store, queue, coordinator, lines }
}

async function eventsOf({
  store,
  queue,
}: Awaited<ReturnType<typeof behindProxy>>): Promise<readonly string[]> {
  const { events } = await store.read(queue, 0, 1_000)
  return events.map((event) => `${event.type} ${'jobId' in event ? event.jobId : ''}`)
}

it('a heartbeat waits behind no append that hangs', async () => {
  const proxy = await startProxy(project.url)
  const store = supabaseStore(supabaseClient(proxy.url, project.keys.secret), { wake: 'poll' })
  atEnd(() => store.close())
  const queue = `faults-${++queues}`
  await store.open(queue)
  const hanging = Promise.withResolvers<ServerResponse>()
  proxy.script('job_queue_append', [{ after: false, strike: hanging.resolve }])
  const appended = appendNow(store, queue, [queuedEvent('a')]).then(
    () => 'answered',
    () => 'failed',
  )
  const response = await hanging.promise
  const beat = store.beat({
    ...{ queue, workerId: 'w', kinds: null, freeSlots: 0, release: '0', ttlMs: 60_000, graceMs: 0 },
  })
  expect(await Promise.race([appended, beat])).toMatchObject({ alive: true })
  response.destroy()
  expect(await appended).toBe('failed')
})

const names = Object.keys(faultsWith(''))

describe.concurrent('an opening that meets', () => {
  it('502, 503 and 504 from a gateway goes on', async () => {
    const proxy = await startProxy(project.url)
    const store = supabaseStore(supabaseClient(proxy.url, project.keys.secret), { wake: 'poll' })
    const away = [502, 503, 504].map((code) => ({
      after: false,
      strike: (response: ServerResponse) => void response.writeHead(code).end('<html>away</html>'),
    }))
    for (const name of ['job_queue_migrations', 'job_queue_open', 'job_queue_read', 'job_queue_beat'])
      proxy.script(name, away)
    const logger = { info: () => {}, warn: () => {}, error: () => {} }
    const coordinator = await createCoordinator({ store, queue: `faults-${++queues}`, logger })
    atEnd(async () => {
      await coordinator.close()
      await store.close()
    })
    expect(proxy.struck()).toBeGreaterThanOrEqual(away.length)
    expect(coordinator.health()).toMatchObject({ ok: true })
  })
})

describe.concurrent('an append that meets', () => {
  it.each(names)('%s, three times in a row, is done once', { timeout: 30_000 }, async (name) => {
    const world = await behindProxy()
    const fault = faultsWith(project.keys.secret)[name] as Fault
    world.proxy.script('job_queue_append', [fault, fault, fault])
    await world.coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    const [claimed] = await world.coordinator.claim({ max: 1, kinds: null })
    await world.coordinator.complete(claimed?.lease ?? never())
    expect(world.proxy.struck()).toBeGreaterThan(0)
    expect(await eventsOf(world)).toEqual(['queued a', 'started a', 'completed a'])
    expect(world.lines.join('\n')).not.toContain(project.keys.secret)
  })
})

describe.concurrent('errors of supabaseStore and supabaseClient', () => {
  const failing = async (fault: Fault) => {
    const { proxy, store, queue } = await behindProxy()
    proxy.script('job_queue_worker_list', [fault])
    const error = await store.workers(queue).then(never, (thrown: unknown) => thrown)
    if (!(error instanceof InterlockError)) throw error
    return error
  }

  it.each(names)('after %s have a code, a message that says what to do, and no key', async (name) => {
    const error = await failing(faultsWith(project.keys.serviceRoleJwt)[name] as Fault)
    // What is no JSON of ours may come from anywhere in between.
    expect(error.code).toBe('store_unavailable')
    expect(error.message).toMatch(/; .+/)
    for (const key of [project.keys.secret, project.keys.serviceRoleJwt]) {
      expect(
        `${error.message} ${JSON.stringify(error.details)} ${error.stack} ${String(error.cause)}`,
      ).not.toContain(key)
    }
  })

  it('say how long the server wants to be left alone', async () => {
    expect((await failing(faultsWith('')['503 with Retry-After'] as Fault)).details).toMatchObject({
      retryAfterMs: 1_000,
    })
  })

  it('say that the project lacks the tables', async () => {
    const { startProject } = await import('../../support/supabase/project.ts')
    const empty = await startProject('')
    atEnd(() => empty.close())
    const store = supabaseStore(supabaseClient(empty.url, empty.keys.secret), { wake: 'poll' })
    await expect(store.open('q')).rejects.toMatchObject({
      code: 'not_migrated',
      message: /migrate --supabase/,
    })
  })

  it.each(['publishable', 'anonJwt'] as const)('say that the %s key is the wrong one', async (key) => {
    const store = supabaseStore(supabaseClient(project.url, project.keys[key]), { wake: 'poll' })
    await expect(store.open('q')).rejects.toMatchObject({ code: 'store_unwritable', message: /secret key/ })
  })

  it.each(['secret', 'serviceRoleJwt'] as const)(
    'tell nothing of a %s key with a line break in it',
    async (name) => {
      const [first, last] = [project.keys[name].slice(0, 20), project.keys[name].slice(20)]
      const broken = `${first}\n${last}`
      const own = supabaseStore(createClient(project.url, broken), { wake: 'poll' })
      const refusals = [
        await own.open('q').then(never, (error: unknown) => error),
        await Promise.resolve()
          .then(() => supabaseClient(project.url, broken))
          .then(never, (error: unknown) => error),
      ]
      for (const error of refusals) {
        expect(error).toMatchObject({ code: 'invalid_input', message: /copy it again, in one line/ })
        expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain(last)
      }
    },
  )

  it('say that the API hides the schema', async () => {
    const { proxy, store } = await behindProxy()
    const body = { code: 'PGRST106', message: 'The schema must be one of the following: api' }
    const strike = (response: ServerResponse) => response.writeHead(406).end(JSON.stringify(body))
    proxy.script('job_queue_worker_list', [{ after: false, strike }])
    await expect(store.workers('q')).rejects.toMatchObject({ code: 'not_migrated', message: /expose it/ })
  })

  it('do not come of the schema that the program itself works in', async () => {
    const client = createClient(project.url, project.keys.secret, { db: { schema: 'api' } })
    const store = supabaseStore(client as unknown as SupabaseLike, { wake: 'poll' })
    await store.open('q')
    expect(await store.workers('q')).toEqual([])
  })

  it('refuse a sequence number that a double cannot hold, rather than round it', async () => {
    const { store, queue } = await behindProxy()
    await project.query('update interlock.job_queue_heads set version = 9007199254740993 where queue = $1', [
      queue,
    ])
    await expect(store.read(queue, 0, 1)).rejects.toMatchObject({ code: 'corrupt_log' })
    await project.query('update interlock.job_queue_heads set version = 0 where queue = $1', [queue])
  })
})

function never(): never {
  throw new Error('it should have failed')
}
