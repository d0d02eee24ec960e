/** `interlock top`: one look in a pipe; on a terminal it follows, and keys pull levers after a preview. */
import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { Frame, type Keyboard } from '../../../src/apps/cli/frame.ts'
import { presentOf, Top } from '../../../src/apps/cli/top/run.ts'
import { topText } from '../../../src/apps/cli/top/view.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { LiveView } from '../../../src/tools/operate/live-view.ts'

async function aQueue() {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['flux-dev'] })))
  await coordinator.claim({ max: 1, kinds: null })
  return { store, coordinator }
}

/** The same store with other calls. */
const changed = (store: LogStore, calls: Partial<LogStore>): LogStore =>
  new Proxy(store, {
    get: (of, name) => {
      const value: unknown = Reflect.get(name in calls ? calls : of, name)
      return typeof value === 'function' ? value.bind(of) : value
    },
  })

/** A terminal that remembers the screen it was given last. */
function terminal() {
  let screen = ''
  let type: (key: string) => void = () => {}
  const ended = new AbortController()
  const keys: Keyboard = {
    listen: (onKey) => {
      type = onKey
      return () => {}
    },
  }
  const write = (text: string) => {
    screen = stripVTControlCharacters(text)
  }
  const stdout = { isTTY: true, columns: 110, rows: 40, write }
  const frame = new Frame({ stdout, stderr: stdout, env: {}, signal: ended.signal, keys }, { as: 'oncall' })
  return { frame, keys, type: (key: string) => type(key), screen: () => screen }
}

it('interlock top prints in a pipe what runs, which job holds which model, and why each job of the line waits', async () => {
  const { store, coordinator } = await aQueue()
  const present = await presentOf(new LiveView({ store }))
  const stdout = { write: () => {} }
  const frame = new Frame({ stdout, stderr: stdout, env: {}, signal: new AbortController().signal }, {})
  const view = { ...present, rates: { started: 1, ended: 0 }, chosen: null, message: [] }
  const text = topText(frame, view, 60).join('\n')
  expect(text).toMatch(/^default running {2}1 running, 2 waiting, 1 started and 0 ended in the last minute/)
  expect(text).toMatch(/\na +flux-dev +1 of 3/)
  expect(text).toMatch(/\nflux-dev +1 of 1 +2/)
  expect(text).toMatch(/\n +2 +c +flux-dev +model flux-dev is in use or reserved by job b/)
  await coordinator.close()
})

it('interlock top says which cards are busy, free, paused or served by nobody, and where a job runs', async () => {
  const { store, coordinator } = await aQueue()
  await coordinator.setPolicy({
    maxActive: null,
    capacity: { flux: ['host1:0', 'host1:1', 'host2:0'] },
    units: { 'host1:0': { vram: 24 } },
  })
  await coordinator.enqueue([{ jobId: 'f', models: ['flux'], asks: { flux: { vram: 20 } } }])
  await coordinator.claim({ max: 1, kinds: null, serves: ['host1:*'] })
  await coordinator.pauseModel('host1:1', { reason: 'broken' })
  const stdout = { write: () => {} }
  const frame = new Frame({ stdout, stderr: stdout, env: {}, signal: new AbortController().signal }, {})
  const view = {
    ...(await presentOf(new LiveView({ store }))),
    rates: { started: 0, ended: 0 },
    chosen: null,
    message: [],
  }
  const text = topText(frame, view, 60).join('\n')
  expect(text).toMatch(/\nf +flux .* at host1:0/)
  expect(text).toMatch(/\nhost1:0 +1 +0 +4 vram left/)
  expect(text).toMatch(/\nhost1:1 +0 of 1 +0 +paused \(broken\)/)
  expect(text).toMatch(/\nhost2:0 +0 of 1 +0 +no process serves it/)
  await coordinator.close()
})

it('interlock top follows the queue, and a key pulls a lever once it is confirmed', async () => {
  const { store, coordinator } = await aQueue()
  const { frame, keys, type, screen } = terminal()
  const view = new LiveView({ store })
  const running = new Top(frame, view, await presentOf(view)).run(keys)
  await expect.poll(screen).toContain('> 1')
  type('j')
  type('u')
  expect(screen()).toContain('move c before b? it will add to the log:')
  expect(screen()).toContain('reprioritized c')
  type('n')
  expect(screen()).not.toContain('it will add to the log')
  type('u')
  type('y')
  await expect.poll(screen).toContain('move c before b: done')
  const { events, version } = await store.read('default', 0, 100)
  expect(events.at(-1)).toMatchObject({
    type: 'reprioritized',
    jobId: 'c',
    commandId: expect.stringMatching(/^oncall/),
  })
  await coordinator.enqueue([{ jobId: 'd', models: ['flux-dev'] }])
  await expect.poll(screen).toMatch(new RegExp(`event ${version + 1}|event ${version + 2}`))
  type('q')
  await running
  await coordinator.close()
})

it('interlock top pauses and resumes a place once it is confirmed; its key goes from one to the next', async () => {
  const { store, coordinator } = await aQueue()
  await coordinator.setPolicy({ capacity: { flux: ['host1:0', 'host1:1'] } })
  const { frame, keys, type, screen } = terminal()
  const view = new LiveView({ store })
  const running = new Top(frame, view, await presentOf(view)).run(keys)
  await expect.poll(screen).toContain('P a place')
  type('P')
  expect(screen()).toContain('pause host1:0? it will add to the log:')
  expect(screen()).toContain('P: the next place')
  type('P')
  expect(screen()).toContain('pause host1:1? it will add to the log:')
  type('y')
  await expect.poll(screen).toContain('pause host1:1: done')
  expect((await store.read('default', 0, 100)).events.at(-1)).toMatchObject({
    type: 'model_paused',
    model: 'host1:1',
  })
  await expect.poll(screen).toMatch(/host1:1 +0 of 1 +0 +paused \(by_hand\)/)
  for (const key of ['P', 'P']) type(key)
  expect(screen()).toContain('resume host1:1? it will add to the log:')
  type('P')
  expect(screen()).toContain('pause host1:0? it will add to the log:')
  type('n')
  expect(screen()).not.toContain('it will add to the log')
  await coordinator.setPolicy({ capacity: {} })
  await expect.poll(screen).not.toContain('host1:0')
  type('P')
  expect(screen()).not.toContain('it will add to the log')
  type('q')
  await running
  await coordinator.close()
})

it('interlock top counts run times by the clock of the database, and never back from the last event', async () => {
  const { store, coordinator } = await aQueue()
  // The job was started by a server whose clock is an hour ahead.
  const behind = changed(store, {
    read: async (...given) => {
      const page = await store.read(...given)
      return { ...page, now: page.now - 3_600_000_000 }
    },
  })
  const view = new LiveView({ store: behind })
  await view.look()
  const { frame, keys, type, screen } = terminal()
  const running = new Top(frame, view, await presentOf(view)).run(keys)
  await expect.poll(screen).toMatch(/\na +flux-dev.* 0\.0 ms\n/)
  expect(screen()).not.toMatch(/ -\d/)
  type('q')
  await running
  await coordinator.close()
})

it('interlock top counts starts of the last minute, also while nothing happens', async () => {
  const { store, coordinator } = await aQueue()
  let ahead = 0
  const read: LogStore['read'] = async (...given) => {
    const page = await store.read(...given)
    return { ...page, now: page.now + ahead }
  }
  const view = new LiveView({ store: changed(store, { read }) }, 20)
  const { frame, keys, type, screen } = terminal()
  const running = new Top(frame, view, await presentOf(view)).run(keys)
  await coordinator.enqueue([{ jobId: 'free', models: [] }])
  await coordinator.claim({ max: 1, kinds: null })
  await expect.poll(screen).toContain('1 started and')
  ahead = 61_000_000
  await expect.poll(screen).toContain('0 started and')
  type('q')
  await running
  await coordinator.close()
})

it('interlock top lives through an outage: it says what it cannot read, and goes on by itself', async () => {
  const { store, coordinator } = await aQueue()
  let isAway = false
  const read: LogStore['read'] = (...given) =>
    isAway
      ? Promise.reject(new InterlockError('store_unavailable', 'the database is away'))
      : store.read(...given)
  const view = new LiveView({ store: changed(store, { read }) }, 20)
  const { frame, keys, type, screen } = terminal()
  const running = new Top(frame, view, await presentOf(view)).run(keys)
  await expect.poll(screen).toContain('> 1')
  isAway = true
  await expect.poll(screen).toContain('what you see is old: the database is away')
  expect(screen()).toContain('> 1')
  await coordinator.enqueue([{ jobId: 'd', models: ['flux-dev'] }])
  isAway = false
  await expect.poll(screen).toMatch(/ 3 +d /)
  expect(screen()).not.toContain('what you see is old')
  type('q')
  await running
  await coordinator.close()
})
