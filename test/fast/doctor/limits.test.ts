/** What the answers of a provider teach of its limits. */
import { describe, expect, it } from 'vitest'
import type { Policy, RecordedEvent } from '../../../src/engine/core/index.ts'
import { parsePolicy } from '../../../src/engine/events/index.ts'
import { checkLimits } from '../../../src/tools/doctor/checks/queue.ts'
import { LimitWatch } from '../../../src/tools/insight/limits.ts'

const SECOND = 1_000_000

/** A log by hand: only what is looked at. Times in seconds. */
class Log {
  readonly watch = new LimitWatch()
  #jobs = 0

  constructor() {
    this.#see({ type: 'drain_requested', at: 0 })
  }

  /** So many starts, one every `apart` seconds, and what each uses. */
  starts(from: number, count: number, apart: number, uses?: Record<string, number>, used?: object): number {
    for (let i = 0; i < count; i++) {
      const [at, jobId] = [from + i * apart, `j${++this.#jobs}`]
      if (uses !== undefined) this.#see({ type: 'queued', jobId, at, spec: { uses } })
      this.#see({ type: 'started', jobId, at, models: ['gpt', 'other'] })
      if (used !== undefined) this.#see({ type: 'completed', jobId, at, used })
    }
    return from + (count - 1) * apart
  }

  answer(at: number, seconds = 20, reason = 'provider'): this {
    const until = (at + seconds) * SECOND
    this.#see({ type: 'model_paused', model: 'gpt', reason, at, until })
    return this
  }

  limits(policy: object = {}): ReturnType<LimitWatch['limits']> {
    return this.watch.limits(parsePolicy(policy) as Policy)
  }

  #see(event: { readonly at: number; readonly type: string; readonly [field: string]: unknown }): void {
    this.watch.see({ ...event, at: event.at * SECOND } as unknown as RecordedEvent)
  }
}

/** Minutes with few starts, and some with more than the provider takes. */
function limited(): Log {
  const log = new Log()
  for (const [round, count] of [61, 66, 63].entries()) {
    const begin = 600 * (round + 1)
    log.starts(begin, 40, 1.5)
    const last = log.starts(begin + 200, count, 0.9)
    log.answer(last).answer(last + 1)
  }
  return log
}

describe('what is proposed', () => {
  it('is one start less than the fewest before an answer, with what was seen, and the command', () => {
    const limits = limited().limits()
    expect(limits).toMatchObject([
      { model: 'gpt', resource: null, limit: 60, perSeconds: 60, answers: 6, least: 61, most: 66, calm: 40 },
    ])
    expect(checkLimits({ limits })).toEqual([
      {
        check: 'provider_limit',
        level: 'note',
        what: 'the provider of model gpt asked to wait 6 times in the last 34 min 16 s, each time after 61 to 66 starts in 60 s; without that 40 were the most',
        remedy: 'if that is its limit: npx interlock-queue policy set --rate gpt=60/60',
      },
    ])
  })

  it('is none that the policy keeps already, by a pattern too', () => {
    const rate = (starts: number, key = 'gpt') => ({ rate: { [key]: { starts, perSeconds: 60 } } })
    expect(limited().limits(rate(60))).toEqual([])
    expect(limited().limits(rate(60, 'g*'))).toEqual([])
    expect(limited().limits(rate(61))).toHaveLength(1)
  })

  it('is of a resource, where what was used explains it and the starts do not', () => {
    const log = new Log()
    for (const [round, tokens] of [1_000, 1_100, 1_040].entries()) {
      const begin = 600 * (round + 1)
      log.starts(begin, 90, 0.5, { tpm: 100 }, { tpm: 5 })
      log.answer(log.starts(begin + 200, 50, 1, { tpm: 10 }, { tpm: tokens / 50 }))
    }
    const limits = log.limits()
    expect(limits).toMatchObject([{ resource: 'tpm', limit: 999, perSeconds: 60, calm: 450 }])
    expect(checkLimits({ limits })[0]?.remedy).toContain('npx interlock-queue policy set --uses tpm=999/60')
    const uses = { tpm: [{ limit: 900, perSeconds: 60 }] }
    expect(log.limits({ uses })).toEqual([])
  })

  it.each<[string, (log: Log) => unknown]>([
    ['two answers', (log) => [600, 1_200].map((at) => log.answer(log.starts(at, 61, 0.9)))],
    [
      'answers after fewer than there were without one',
      (log) => {
        log.starts(100, 60, 1)
        for (const at of [600, 1_200, 1_800]) log.answer(log.starts(at, 30, 1))
      },
    ],
    ['answers after one start', (log) => [600, 1_200, 1_800].map((at) => log.answer(log.starts(at, 1, 1)))],
    [
      'pauses by hand',
      (log) => [600, 1_200, 1_800].map((at) => log.answer(log.starts(at, 61, 0.9), 20, 'by hand')),
    ],
    [
      'answers to the same starts, while the model is paused',
      (log) => {
        const last = log.starts(600, 61, 0.9)
        for (const after of [0, 5, 10]) log.answer(last + after)
      },
    ],
  ])('is nothing: %s', (_, happens) => {
    const log = new Log()
    happens(log)
    expect(log.limits()).toEqual([])
  })
})
