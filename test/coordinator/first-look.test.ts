/** Which process looks first, where a message reaches all of them and one takes everything. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ContentionWindow } from '../../src/coordinator/base/contention-window.ts'
import { HeldLooks, wasTaken } from '../../src/coordinator/commit/held-looks.ts'
import type { Pending } from '../../src/coordinator/commit/open-commands.ts'
import { IncomingLooks } from '../../src/coordinator/inbox/incoming-looks.ts'
import { MICROS_PER_MS, type RecordedEvent } from '../../src/core/index.ts'
import type { AppendAnswer } from '../../src/port/index.ts'

/** Almost the whole window. */
const most = () => 0.999
const NOW = 1_000_000_000
/** The widest window, in milliseconds. */
const WIDEST = 400

describe('the window in which a process tries for what others try for', () => {
  it('is closed for a process that has not lost', () => {
    expect(new ContentionWindow().delayMs(most)).toBe(0)
  })

  it('widens with each loss up to 0.4 s, and narrows with each win until it is closed', () => {
    const window = new ContentionWindow()
    const widths: number[] = []
    for (const won of [false, false, false, true, true, true]) {
      if (won) window.won()
      else window.lost()
      widths.push(Math.ceil(window.delayMs(most)))
    }
    expect(widths).toEqual([200, 400, 400, 200, 0, 0])
  })
})

describe('looks', () => {
  const pending = (type: 'tick' | 'claim' | 'complete', isLook = false) =>
    ({ command: { body: { type } }, isLook }) as unknown as Pending
  const losing = () => {
    let over = 0
    const looks = new HeldLooks(() => over++)
    looks.window.lost()
    return { looks, over: () => over }
  }

  it('go at once until one has lost', () => {
    const looks = new HeldLooks(() => {})
    expect(looks.holds([pending('tick'), pending('claim', true)])).toBe(false)
  })

  it('wait after a loss, once and not for ever', async () => {
    const { looks, over } = losing()
    expect(looks.holds([pending('claim', true)])).toBe(true)
    await expect.poll(over).toBe(1)
    expect(looks.holds([pending('claim', true)])).toBe(false)
  })

  it('go along with a command of any other kind, which never waits', async () => {
    const { looks, over } = losing()
    expect(looks.holds([pending('tick')])).toBe(true)
    expect(looks.holds([pending('tick'), pending('complete')])).toBe(false)
    looks.taken()
    await sleep(WIDEST)
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
  const event = (type: string, jobId?: string) =>
    ({ type, ...(jobId !== undefined && { jobId }) }) as unknown as RecordedEvent
  const lostTo = (...missed: RecordedEvent[]) =>
    ({ ok: false, reason: 'version', version: 9, now: NOW, missed }) as unknown as AppendAnswer
  const looked = { events: [event('due', 'a'), event('started', 'b')] }

  it.each([
    ['the same start', event('started', 'b')],
    ['the same that was due', event('due', 'a')],
  ])('lost to another process that had recorded %s', (_, missed) => {
    expect(wasTaken(looked, lostTo(event('completed', 'c'), missed))).toBe(true)
  })

  it('lost to something else, and is tried again at once: what it looks for is still there', () => {
    expect(wasTaken(looked, lostTo(event('completed', 'c'), event('started', 'd')))).toBe(false)
    expect(wasTaken({ events: [event('due', 'a')] }, lostTo(event('started', 'd')))).toBe(false)
  })
})

describe('messages about what came in', () => {
  const takenInAt = (at: number) =>
    ({ type: 'queued', intake: true, commandId: 'another-1', at }) as unknown as RecordedEvent
  const looking = (isFrugal = true) => {
    const counts = { rows: 0, requests: 0 }
    const looks = new IncomingLooks({
      ...{ isFrugal, now: () => NOW },
      forRows: () => counts.rows++,
      forRequests: () => counts.requests++,
    })
    return { looks, counts }
  }
  /** Another process was faster when this one looked for rows. */
  const losing = () => {
    const all = looking()
    all.looks.hear('rows')
    all.looks.rows.looked(false)
    all.looks.see(takenInAt(NOW))
    all.counts.rows = 0
    return all
  }

  it('make a process look at once, for what they tell of', () => {
    const { looks, counts } = looking()
    looks.hear('rows')
    expect(counts).toEqual({ rows: 1, requests: 0 })
    looks.hear('both')
    expect(counts).toEqual({ rows: 2, requests: 1 })
  })

  it('make one that found nothing look at once, if no other process was faster: it may be of another queue', () => {
    const { looks, counts } = looking()
    looks.hear('rows')
    looks.rows.looked(false)
    looks.hear('rows')
    expect(counts.rows).toBe(2)
  })

  it('make one look later that another one was faster than, whichever it learns first', async () => {
    const { looks, counts } = looking()
    looks.hear('rows')
    looks.see(takenInAt(NOW))
    looks.rows.looked(false)
    looks.hear('rows')
    expect(counts.rows).toBe(1)
    await expect.poll(() => counts.rows).toBe(2)
  })

  it('make it look once for all of them', async () => {
    const { looks, counts } = losing()
    looks.hear('rows')
    looks.hear('rows')
    expect(counts.rows).toBe(0)
    await expect.poll(() => counts.rows).toBe(1)
    await sleep(WIDEST)
    expect(counts.rows).toBe(1)
  })

  it('make it not look if another process takes something in meanwhile', async () => {
    const { looks, counts } = losing()
    looks.hear('rows')
    expect(looks.see(takenInAt(NOW))).toBe(true)
    await sleep(WIDEST)
    expect(counts.rows).toBe(0)
  })

  it('make it look all the same if only older events come to its knowledge', async () => {
    const { looks, counts } = losing()
    looks.hear('rows')
    expect(looks.see(takenInAt(NOW - 400 * MICROS_PER_MS))).toBe(false)
    await expect.poll(() => counts.rows).toBe(1)
  })

  it('that were left out are made up for by the process that took in the rest, for both kinds', () => {
    const taker = looking()
    taker.looks.hear('rows')
    taker.looks.see(takenInAt(NOW))
    taker.looks.rows.looked(true)
    taker.looks.hear('both', true)
    expect(taker.counts).toEqual({ rows: 2, requests: 1 })
    const other = losing()
    other.looks.hear('rows')
    other.looks.see(takenInAt(NOW))
    other.looks.hear('both', true)
    expect(other.counts).toEqual({ rows: 0, requests: 0 })
  })

  it('that were left out are made up for by all if nobody took in anything', () => {
    const { looks, counts } = looking()
    looks.hear('rows')
    looks.hear('both', true)
    expect(counts).toEqual({ rows: 2, requests: 1 })
  })

  it('always make a process look where calls have no price', () => {
    const { looks, counts } = looking(false)
    looks.hear('rows')
    looks.rows.looked(false)
    looks.see(takenInAt(NOW))
    looks.hear('both', true)
    expect(counts).toEqual({ rows: 2, requests: 1 })
  })
})
