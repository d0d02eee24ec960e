/** Which process looks first, where a message reaches all of them and one takes everything. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ContentionWindow } from '../../../src/engine/coordinator/base/contention-window.ts'
import type { AppendTry } from '../../../src/engine/coordinator/commit/appender.ts'
import { HeldLooks } from '../../../src/engine/coordinator/commit/held-looks.ts'
import type { Pending } from '../../../src/engine/coordinator/commit/pending.ts'
import { IncomingLooks } from '../../../src/engine/coordinator/inbox/incoming-looks.ts'
import { MICROS_PER_MS, type RecordedEvent } from '../../../src/engine/core/index.ts'
import { type AppendAnswer, lookPolicyOf } from '../../../src/engine/store/index.ts'

/** Almost the whole window. */
const most = () => 0.999
const event = (type: string, jobId?: string) =>
  ({ type, ...(jobId !== undefined && { jobId }) }) as unknown as RecordedEvent
const looked = { events: [event('due', 'a'), event('started', 'b')] } as unknown as AppendTry['decision']
const NOW = 1_000_000_000
/** How long a try takes, and the widest window, in milliseconds. */
const TRY = 25
const WIDEST = 16 * TRY

const lostTo = (...missed: RecordedEvent[]): AppendTry => {
  const answer = { ok: false, reason: 'version', version: 9, now: NOW, missed } as unknown as AppendAnswer
  return { decision: looked, answer, tookMs: TRY }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  return () => void vi.useRealTimers()
})

describe('the window in which a process tries for what others try for', () => {
  it('is closed for a process that has not lost', () => {
    expect(new ContentionWindow().delayMs(most)).toBe(0)
  })

  it('widens with each loss up to so many tries, and narrows with each win until it is closed', () => {
    const window = new ContentionWindow()
    const widths: number[] = []
    for (const won of [false, false, false, false, true, true, true, true]) {
      if (won) window.won()
      else window.lost(TRY)
      widths.push(Math.ceil(window.delayMs(most)))
    }
    expect(widths).toEqual([100, 200, 400, 400, 200, 100, 0, 0])
  })

  it('is a multiple of what tries take: the slower they are, the wider', () => {
    const [fast, slow] = [new ContentionWindow(), new ContentionWindow()]
    fast.lost(TRY)
    slow.lost(100 * TRY)
    expect(slow.delayMs(most)).toBeCloseTo(100 * fast.delayMs(most))
    slow.lost(TRY)
    expect(slow.delayMs(most)).toBeLessThan(WIDEST)
  })
})

describe('looks', () => {
  const pending = (type: 'tick' | 'claim' | 'complete', isLook = false) =>
    ({ command: { body: { type } }, isLook }) as unknown as Pending
  const losing = () => {
    let over = 0
    const looks = new HeldLooks({ request: async () => void over++ })
    looks.lost(lostTo(event('started', 'b')))
    return { looks, over: () => over }
  }

  it('go at once until one has lost', () => {
    const looks = new HeldLooks({ request: async () => {} })
    expect(looks.holds([pending('tick'), pending('claim', true)])).toBe(false)
  })

  it('wait after a loss, once and not for ever', () => {
    const { looks, over } = losing()
    expect(looks.holds([pending('claim', true)])).toBe(true)
    vi.advanceTimersByTime(WIDEST)
    expect(over()).toBe(1)
    expect(looks.holds([pending('claim', true)])).toBe(false)
  })

  it('go along with a command of any other kind, which never waits', () => {
    const { looks, over } = losing()
    expect(looks.holds([pending('tick')])).toBe(true)
    expect(looks.holds([pending('tick'), pending('complete')])).toBe(false)
    looks.taken()
    vi.advanceTimersByTime(WIDEST)
    expect(over()).toBe(0)
  })

  it('do not wait if somebody does: a claim without `known` goes at once', () => {
    expect(losing().looks.holds([pending('claim')])).toBe(false)
  })

  it('go at once when the process leaves', () => {
    const { looks, over } = losing()
    looks.holds([pending('tick')])
    looks.release()
    expect(over()).toBe(1)
    expect(looks.holds([pending('tick')])).toBe(false)
  })
})

describe('a look that lost', () => {
  const looks = () => new HeldLooks({ request: async () => {} })

  it.each([
    ['the same start', event('started', 'b')],
    ['the same that was due', event('due', 'a')],
  ])('lost to another process that had recorded %s', (_, missed) => {
    expect(looks().lost(lostTo(event('completed', 'c'), missed))).toBe(true)
  })

  it('lost to something else, and is tried again at once: what it looks for is still there', () => {
    expect(looks().lost(lostTo(event('completed', 'c'), event('started', 'd')))).toBe(false)
    expect(looks().lost(lostTo(event('due', 'd')))).toBe(false)
  })
})

describe('messages about what came in', () => {
  const takenInAt = (at: number) =>
    ({ type: 'queued', intake: true, commandId: 'another-1', at }) as unknown as RecordedEvent
  const looking = (isFrugal = true, hasWorker = true) => {
    const counts = { rows: 0, requests: 0 }
    const process = {
      now: () => NOW,
      hasWorker,
      lookForRows: () => void counts.rows++,
      lookForRequests: () => void counts.requests++,
    }
    const looks = new IncomingLooks(process, lookPolicyOf(isFrugal ? { frugal: true } : {}))
    return { looks, counts }
  }
  /** Another process was faster when this one looked for rows. */
  const losing = () => {
    const all = looking()
    all.looks.receive('rows')
    vi.advanceTimersByTime(TRY)
    all.looks.rows.looked(false)
    all.looks.see(takenInAt(NOW))
    all.counts.rows = 0
    return all
  }

  it('make a process look at once, for what they tell of', () => {
    const { looks, counts } = looking()
    looks.receive('rows')
    expect(counts).toEqual({ rows: 1, requests: 0 })
    looks.receive('both')
    expect(counts).toEqual({ rows: 2, requests: 1 })
  })

  it('make one that found nothing look at once, if no other process was faster: it may be of another queue', () => {
    const { looks, counts } = looking()
    looks.receive('rows')
    looks.rows.looked(false)
    looks.receive('rows')
    expect(counts.rows).toBe(2)
  })

  it('make one look later that another one was faster than, whichever it learns first', () => {
    const { looks, counts } = looking()
    looks.receive('rows')
    looks.see(takenInAt(NOW))
    vi.advanceTimersByTime(TRY)
    looks.rows.looked(false)
    looks.receive('rows')
    expect(counts.rows).toBe(1)
    vi.advanceTimersByTime(WIDEST)
    expect(counts.rows).toBe(2)
  })

  it('make it look once for all of them', () => {
    const { looks, counts } = losing()
    looks.receive('rows')
    looks.receive('rows')
    expect(counts.rows).toBe(0)
    vi.advanceTimersByTime(WIDEST)
    expect(counts.rows).toBe(1)
    vi.advanceTimersByTime(WIDEST)
    expect(counts.rows).toBe(1)
  })

  it('make it not look if another process takes something in meanwhile', () => {
    const { looks, counts } = losing()
    looks.receive('rows')
    expect(looks.see(takenInAt(NOW))).toBe(true)
    vi.advanceTimersByTime(WIDEST)
    expect(counts.rows).toBe(0)
  })

  it('make it look all the same if only older events come to its knowledge', () => {
    const { looks, counts } = losing()
    looks.receive('rows')
    expect(looks.see(takenInAt(NOW - 400 * MICROS_PER_MS))).toBe(false)
    vi.advanceTimersByTime(WIDEST)
    expect(counts.rows).toBe(1)
  })

  it('make a process without a worker leave what was submitted to those that have one', () => {
    const requestTaken = { type: 'queued', commandId: 'sql:1', at: NOW } as unknown as RecordedEvent
    const { looks, counts } = looking(false, false)
    looks.receive('both')
    expect(counts).toEqual({ rows: 1, requests: 0 })
    vi.advanceTimersByTime(10)
    expect(counts.requests).toBe(1)
    looks.receive('requests')
    looks.see(requestTaken)
    vi.advanceTimersByTime(1_000)
    expect(counts.requests).toBe(1)
    const worker = looking(false)
    worker.looks.receive('requests')
    expect(worker.counts.requests).toBe(1)
  })

  it('that were left out are made up for by the process that took in the rest, for both kinds', () => {
    const taker = looking()
    taker.looks.receive('rows')
    taker.looks.see(takenInAt(NOW))
    taker.looks.rows.looked(true)
    taker.looks.receive('both', true)
    expect(taker.counts).toEqual({ rows: 2, requests: 1 })
    const other = losing()
    other.looks.receive('rows')
    other.looks.see(takenInAt(NOW))
    other.looks.receive('both', true)
    expect(other.counts).toEqual({ rows: 0, requests: 0 })
  })

  it('that were left out are made up for by all if nobody took in anything', () => {
    const { looks, counts } = looking()
    looks.receive('rows')
    looks.receive('both', true)
    expect(counts).toEqual({ rows: 2, requests: 1 })
  })

  it('always make a process look where calls have no price', () => {
    const { looks, counts } = looking(false)
    looks.receive('rows')
    looks.rows.looked(false)
    looks.see(takenInAt(NOW))
    looks.receive('both', true)
    expect(counts).toEqual({ rows: 2, requests: 1 })
  })
})
