/** What a process tells the others of its own appends, and what it takes from a message. */
import { expect, it } from 'vitest'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { newsIn, newsMessage, RecentEvents } from '../../../src/engine/store/supabase/news.ts'
import { queuedEvent } from '../contract/hand-made.ts'

const eventsFrom = (first: number, last: number, jobId = 'job'): readonly RecordedEvent[] =>
  Array.from({ length: last - first + 1 }, (_, n) => {
    const seq = first + n
    const command = { commandId: `c${seq}`, commandHash: seq }
    return { ...queuedEvent(`${jobId}-${seq}`), ...command, seq, at: seq * 1_000 } as RecordedEvent
  })

const numbersOf = (recent: RecentEvents, after: number, version: number) =>
  recent
    .between(after, version)
    ?.events()
    .map(({ seq }) => seq)

it('knows what follows an event that it has seen, however it came', () => {
  const recent = new RecentEvents()
  recent.see(eventsFrom(1, 3))
  recent.see(eventsFrom(2, 5))
  expect(numbersOf(recent, 2, 5)).toEqual([3, 4, 5])
  expect(recent.between(2, 4)).toMatchObject({ after: 2, at: 2_000, version: 4 })
})

it('tells nothing beyond a gap, nor of what it has not seen', () => {
  const recent = new RecentEvents()
  recent.see(eventsFrom(1, 3))
  recent.see(eventsFrom(5, 6))
  expect(numbersOf(recent, 3, 6)).toBeUndefined()
  expect(numbersOf(recent, 5, 6)).toEqual([6])
  expect(numbersOf(recent, 5, 7)).toBeUndefined()
  expect(numbersOf(recent, 6, 6)).toBeUndefined()
})

it('remembers a few events only', () => {
  const recent = new RecentEvents()
  recent.see(eventsFrom(1, 200))
  expect(numbersOf(recent, 135, 200)).toBeUndefined()
  expect(numbersOf(recent, 136, 200)).toHaveLength(64)
})

it('a message reads as it was written, and a long one brings nothing', () => {
  const recent = new RecentEvents()
  recent.see(eventsFrom(1, 10))
  const message = JSON.parse(JSON.stringify(newsMessage(recent.between(1, 10))))
  expect(newsIn(message)?.events()).toEqual(eventsFrom(2, 10))
  expect(newsMessage(undefined)).toBeUndefined()
  const long = new RecentEvents()
  long.see(eventsFrom(1, 60, 'ü'.repeat(100)))
  expect(newsMessage(long.between(1, 60))).toBeUndefined()
})

it.each([
  undefined,
  null,
  'news',
  {},
  { after: 1, at: 0, version: 2, epoch: 0, events: [{ seq: 2 }] },
  { after: -1, at: 0, version: 0, epoch: 0, events: [] },
])('takes %j for no news', (given) => {
  expect(newsIn(given)).toBeUndefined()
})
