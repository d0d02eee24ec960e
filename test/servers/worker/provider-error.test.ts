import { describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { createJobWorker, providerError, RetryLater } from '../../../src/engine/worker/index.ts'
import { testQueue } from '../../../src/tools/testing/index.ts'

const date = 'Tue, 24 Nov 2026 15:00:00 GMT'
const atNoon = Date.parse(date) / 1_000

const said: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
  ['milliseconds go before seconds', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1.5],
  ['seconds', { 'Retry-After': '20' }, 20],
  ['a date, by the clock of the answer', { date, 'retry-after': 'Tue, 24 Nov 2026 15:02:00 GMT' }, 120],
  ['a date that has passed', { date, 'retry-after': 'Tue, 24 Nov 2026 14:00:00 GMT' }, 1],
  [
    'what is used up, as OpenAI says it',
    {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-remaining-tokens': '90',
      'x-ratelimit-reset-tokens': '2h',
    },
    360,
  ],
  [
    'the longest of all',
    { 'x-ratelimit-reset-requests': '12ms', 'x-ratelimit-reset-tokens': '2m59.5s' },
    179.5,
  ],
  [
    'a time, as Anthropic says it',
    {
      date,
      'anthropic-ratelimit-tokens-remaining': '0',
      'anthropic-ratelimit-tokens-reset': '2026-11-24T15:00:45Z',
      'anthropic-ratelimit-requests-remaining': '3',
      'anthropic-ratelimit-requests-reset': '2026-11-24T16:00:00Z',
    },
    45,
  ],
  ['seconds since 1970', { date, 'x-ratelimit-reset': String(atNoon + 30) }, 30],
  ['nothing, as fal and Replicate', {}, 30],
  ['what nobody can read', { 'retry-after': 'soon' }, 30],
  ['more than a day', { 'retry-after': '9000000' }, 86_400],
]

describe('an answer of a provider that limits requests (providerError)', () => {
  it.each(said)('waits as it says: %s', (_, headers, seconds) => {
    for (const given of [headers, new Headers(headers)])
      expect(providerError({ status: 429, headers: given }, { model: 'gpt' })).toMatchObject({
        ...{ name: 'RetryLater', seconds, pauseModel: 'gpt' },
      })
  })

  it('is retried also if it is overloaded, and pauses no model unless that is named', () => {
    const error = providerError({ status: 529, headers: null }, { seconds: 5 })
    expect(error).toBeInstanceOf(RetryLater)
    expect(error).toMatchObject({ seconds: 5, pauseModel: undefined, most: undefined })
  })

  it.each<readonly [string, object]>([
    ['502', { status: 502 }],
    ['503', { status: 503 }],
    ['504', { status: 504 }],
    ['refused', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    [
      'as fetch throws it',
      new TypeError('fetch failed', { cause: Object.assign(new Error('a'), { code: 'ENOTFOUND' }) }),
    ],
    ['timed out', new DOMException('The operation timed out', 'TimeoutError')],
  ])('puts the job off for a provider that is down, a bounded number of times: %s', (_, response) => {
    expect(providerError(response, { model: 'gpt' })).toMatchObject({
      ...{ name: 'RetryLater', seconds: 5, pauseModel: 'gpt', most: 60, cause: response },
    })
  })

  it('keeps what an error says that is none of the network', () => {
    const thrown = new Error('unexpected end of JSON', { cause: 'why' })
    expect(providerError(thrown)).toBe(thrown)
    const refused = Object.assign(new Error('no such key'), { status: 401 })
    expect(providerError(refused)).toMatchObject({
      message: 'the provider answered with status 401: no such key',
      cause: refused,
    })
  })

  it('a provider that is down for seconds costs a job no attempt, one that stays down does', async () => {
    await using queue = await testQueue()
    let calls = 0
    const down = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    queue.work({
      short: () => {
        if (++calls <= 3) throw providerError(down)
        return 'done'
      },
      long: () => {
        throw providerError(down)
      },
    })
    const { ids } = await queue.coordinator.enqueue([
      { ref: 'short', kind: 'short', attempts: 1 },
      { ref: 'long', kind: 'long', attempts: 2 },
    ])
    await queue.finish()
    expect(await queue.job(ids['short'] ?? '')).toMatchObject({ state: 'completed', starts: 4 })
    expect(await queue.job(ids['long'] ?? '')).toMatchObject({
      ...{ state: 'failed', starts: 62, error: { message: 'connect' } },
    })
  })

  it('fails the attempt for all else, and names the status', () => {
    const error = providerError({ status: 401, headers: { 'retry-after': '9' } })
    expect(error).not.toBeInstanceOf(RetryLater)
    expect(error.message).toBe('the provider answered with status 401')
  })

  it('refuses what is no model or no time', () => {
    expect(() => providerError({ status: 429 }, { model: '' })).toThrow(/options\.model/)
    expect(() => providerError({ status: 429 }, { seconds: -1 })).toThrow(/options\.seconds/)
  })

  it('thrown by a handler pauses the model until then, costs no attempt and changes no limit', async () => {
    const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger })
    const headers = { 'retry-after': '3600' }
    const worker = createJobWorker({
      coordinator,
      handlers: {
        normal: () => {
          throw providerError({ status: 429, headers }, { model: 'gpt' })
        },
      },
    })
    worker.start()
    const { policy } = coordinator.state()
    await coordinator.enqueue([{ jobId: 'a', models: ['gpt'] }])
    await expect
      .poll(() => coordinator.explain('a'))
      .toMatchObject({ code: 'not_due', models: [{ paused: { reason: 'provider' } }] })
    expect(coordinator.state().policy).toEqual(policy)
    await worker.drain()
    await coordinator.close()
  })
})
