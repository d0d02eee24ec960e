import { afterEach, describe, expect, it, vi } from 'vitest'
import { errorText, stderrLogger } from '../../../src/engine/coordinator/base/logger.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { join, keepingLogger, memoryStore } from './support.ts'

/** A forged line, an escape sequence that clears a screen, a bell, a separator of lines that only some see, and a long tail. */
const forged = `boom\r\n[COORDINATOR] Job b ended: completed\u001b[2J\u0007\u0085\u2028${'xxx '.repeat(25_000)}`
const unwanted = /[\p{Cc}\p{Zl}\p{Zp}]/u

/** What the forged text has become, after what stands before it. */
function expectOneLine(lines: readonly string[], before: string): void {
  const [line = '', ...rest] = lines.filter((each) => each.includes('boom'))
  expect(rest).toEqual([])
  expect(line.startsWith(`${before}boom [COORDINATOR] Job b ended: completed [2J xxx`)).toBe(true)
  expect(line).not.toMatch(unwanted)
  expect(line.length).toBeLessThan(1_200)
}

function unreadable(): never {
  throw new Error('no')
}

afterEach(() => void vi.restoreAllMocks())

describe('the text of an error in the log is one line that forges no other', () => {
  it('of a job that failed at the gate', async () => {
    const logger = keepingLogger()
    const here = await join({ logger })
    await here.onJobStart('a', 'normal', ['m'])
    await here.onJobComplete('a', 'normal', { outcome: 'failed', error: new Error(forged) })
    expectOneLine(logger.lines, '[COORDINATOR] Job a ended: failed: ')
  })

  it('of a handler that threw', async () => {
    const logger = keepingLogger()
    const here = await join({ logger, pollMs: 20 })
    const handlers = { normal: () => Promise.reject(new Error(forged)) }
    const worker = createJobWorker({ coordinator: here, handlers })
    worker.start()
    await here.enqueue([{ jobId: 'a', models: ['m'], attempts: 1 }])
    await expect.poll(() => worker.metrics().failed).toBe(1)
    await worker.drain()
    expectOneLine(logger.lines, '[WORKER] Job a failed (handler_error): ')
  })

  it('of intake that fails with each poll comes once, until intake succeeds', async () => {
    const logger = keepingLogger()
    const store = memoryStore()
    const state = { fails: true, looks: 0 }
    const arrivals: typeof store.arrivals = (...args) => {
      state.looks++
      return state.fails ? Promise.reject(new Error(forged)) : store.arrivals(...args)
    }
    const here = await join({ logger, store: { ...store, arrivals }, pollMs: 10 })
    const worker = createJobWorker({ coordinator: here, handlers: { normal: async () => {} }, intake: true })
    worker.start()
    const more = (n: number) => {
      const until = state.looks + n
      return expect.poll(() => state.looks, { interval: 5, timeout: 10_000 }).toBeGreaterThanOrEqual(until)
    }
    await more(5)
    expectOneLine(logger.lines, '[WORKER] intake: ')
    state.fails = false
    await more(2)
    state.fails = true
    await more(5)
    expect(logger.lines.filter((line) => line.includes('boom'))).toHaveLength(2)
    await worker.drain()
  })

  it('of a store that fails, and of health()', async () => {
    const logger = keepingLogger()
    const store = { ...memoryStore(), append: () => Promise.reject(new Error(forged)) }
    const here = await join({ logger, store })
    await expect(here.enqueue([{ jobId: 'a', models: ['m'] }])).rejects.toThrow()
    expectOneLine(logger.lines, '[COORDINATOR] ')
    expectOneLine([here.health().lastError ?? ''], '')
  })

  it.each([
    ['a text', 'boom', 'boom'],
    ['nothing', undefined, 'undefined'],
    ['an object', { message: 'boom' }, 'boom'],
    ['an object without a text', { code: 7 }, '{"code":7}'],
    ['an object that no text can be made of', Object.create(null), '{}'],
    ['an error whose message is none', Object.assign(new Error(), { message: 7 }), '7'],
    ['what cannot be read', new Proxy({}, { get: unreadable }), 'what was thrown cannot be read'],
    ['half of a character', 'a\ud800b', 'a\ufffdb'],
  ])('whatever was thrown: %s', (_what, thrown, text) => {
    expect(errorText(thrown)).toBe(text)
  })

  it('also where a program writes its own lines to the standard logger', () => {
    const written: unknown[] = []
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => written.push(chunk) > 0)
    stderrLogger.info('one\ntwo\u001b[0m\n')
    expect(written).toEqual(['one two [0m\n'])
  })
})
