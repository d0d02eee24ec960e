import type { Observable } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { describe, expect, it } from 'vitest'
import { eventsFrom, type StreamSource } from '../../../src/engine/coordinator/replica/streams.ts'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { memoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { join, memoryStore } from './support.ts'

const event = (seq: number): RecordedEvent => ({
  ...{ type: 'drain_requested', seq, at: seq, commandId: 'c', commandHash: 0 },
})

type Marbles = Parameters<Parameters<TestScheduler['run']>[0]>[0]

/** In virtual time. A letter for each event: `a` is the first of the log. */
function marbles(test: (helpers: Marbles) => void): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test)
}

const events = Object.fromEntries([...'abcdefgh'].map((letter, index) => [letter, event(index + 1)]))
const page = (...letters: readonly string[]) => ({
  x: letters.map((letter) => events[letter] as RecordedEvent),
})

/** Where the log is read after a number that no page begins at, the test has gone wrong. */
const sourceOf = (
  pages: Readonly<Record<number, Observable<readonly RecordedEvent[]>>>,
  live$: Observable<RecordedEvent>,
  version: () => number,
): StreamSource => ({
  read: (after) => pages[after] ?? expect.fail(`nobody was to read after ${after}`),
  version,
  live$,
})

describe('events from a number, in marbles:', () => {
  it('what the log has, page by page, then what comes', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const pages = { 0: cold('--(x|)', page('a', 'b')), 2: cold('----(x|)', page('c')) }
      const live$ = hot('         ----------d--e-|', events)
      const wanted = '            --(ab)c---d--e-|'
      expectObservable(
        eventsFrom(
          sourceOf(pages, live$, () => 3),
          0,
        ),
      ).toBe(wanted, events)
    })
  })

  it('what comes while the log is read is neither lost nor told twice', () => {
    marbles(({ cold, hot, expectObservable }) => {
      // c comes while the first page is on its way, d while the second is, which has d already.
      const pages = { 1: cold('-----(x|)', page('b')), 2: cold('-----(x|)', page('c', 'd')) }
      const live$ = hot('         ---c---d------e-|', events)
      const wanted = '            -----b----(cd)e-|'
      let version = 2
      live$.subscribe(({ seq }) => {
        version = seq
      })
      expectObservable(
        eventsFrom(
          sourceOf(pages, live$, () => version),
          1,
        ),
      ).toBe(wanted, events)
    })
  })

  it('what a page has beyond what this process has folded comes once', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const pages = { 0: cold('-(x|)', page('a', 'b', 'c')) }
      const live$ = hot('        ------b-c-d-|', events)
      const wanted = '           -(abc)----d-|'
      expectObservable(
        eventsFrom(
          sourceOf(pages, live$, () => 1),
          0,
        ),
      ).toBe(wanted, events)
    })
  })

  it('from the end of the log, or beyond it, only what comes after that number', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const live$ = hot('  -c-d-e-|', events)
      expectObservable(
        eventsFrom(
          sourceOf({ 9: cold('#') }, live$, () => 2),
          2,
        ),
      ).toBe('-c-d-e-|', events)
      expectObservable(
        eventsFrom(
          sourceOf({ 9: cold('#') }, live$, () => 2),
          4,
        ),
      ).toBe('-----e-|', events)
    })
  })

  it('a subscriber that leaves ends the reading, and gets no later events', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const first = cold('  --(x|)', page('a'))
      const second = cold('   ----(x|)', page('b'))
      const live$ = hot('   ---------c-|', events)
      const wanted = '      --a--'
      const leaving = '     ^----!'
      expectObservable(
        eventsFrom(
          sourceOf({ 0: first, 1: second }, live$, () => 2),
          0,
        ),
        leaving,
      ).toBe(wanted, events)
      expectSubscriptions(first.subscriptions).toBe(' ^-!')
      expectSubscriptions(second.subscriptions).toBe('--^--!')
      expectSubscriptions(live$.subscriptions).toBe([])
    })
  })

  it('an error of the store is an error of the stream, and so is a gap', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const live$ = hot('---d-|', events)
      const broken = sourceOf({ 0: cold('--#', {}, 'archived') }, live$, () => 2)
      expectObservable(eventsFrom(broken, 0)).toBe('--#', {}, 'archived')
      const codes: unknown[] = []
      const gaps = [
        sourceOf({ 0: cold('(x|)', page('b')) }, live$, () => 2),
        sourceOf({ 0: cold('(x|)', page()) }, live$, () => 2),
        sourceOf({}, live$, () => 0),
      ]
      for (const source of gaps) {
        eventsFrom(source, 0).subscribe({ error: ({ code, details }) => codes.push([code, details.seq]) })
      }
      live$.subscribe({ complete: () => expect(codes).toEqual([1, 1, 1].map((seq) => ['corrupt_log', seq])) })
    })
  })
})

const jobs = (...ids: readonly string[]) => ids.map((jobId) => ({ jobId, models: ['m'] }))

describe('a coordinator', () => {
  it('gives every subscriber the whole log, whenever it subscribes and whichever process appends', async () => {
    const database = memoryDatabase()
    const [writer, reader] = [
      await join({ store: memoryStore(database) }),
      await join({ store: memoryStore(database) }),
    ]
    const seen = [1, 2, 3].map(() => [] as number[])
    const subscribe = (index: number, after: number) =>
      reader.eventsFrom(after).subscribe(({ seq }) => seen[index]?.push(seq))
    subscribe(0, 0)
    for (let i = 0; i < 60; i++) {
      await writer.enqueue(jobs(`a${i}`, `b${i}`))
      if (i === 20) subscribe(1, 0)
      if (i === 40) subscribe(2, 50)
    }
    await reader.catchUp()
    await writer.catchUp()
    const { version } = writer.state()
    const whole = (after: number) => Array.from({ length: version - after }, (_, i) => after + i + 1)
    await expect.poll(() => seen).toEqual([whole(0), whole(0), whole(50)])
  })

  it("is read at the reader's pace, to the end and beyond, until the reader stops", async () => {
    const coordinator = await join()
    await coordinator.enqueue(jobs('a', 'b', 'c'))
    const stop = new AbortController()
    const seen: string[] = []
    const pulling = (async () => {
      for await (const event of coordinator.pullEvents(1, { signal: stop.signal })) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        seen.push(`${event.seq} ${event.type}`)
        if (event.type === 'cancelled') stop.abort()
      }
    })()
    await expect.poll(() => seen.length).toBe(coordinator.state().version - 1)
    await coordinator.cancel('b')
    await pulling
    expect(seen.at(-1)).toBe(`${coordinator.state().version} cancelled`)
    expect(seen.map((text) => Number.parseInt(text, 10))).toEqual(seen.map((_, i) => i + 2))
  })

  it('ends pullEvents when it closes', async () => {
    const coordinator = await join()
    await coordinator.enqueue(jobs('a'))
    const seen: number[] = []
    const pulling = (async () => {
      for await (const { seq } of coordinator.pullEvents(0)) seen.push(seq)
    })()
    await expect.poll(() => seen.length).toBe(coordinator.state().version)
    await coordinator.close()
    await pulling
  })

  it('tells how a job stands, each time that changes, until it has ended', async () => {
    const coordinator = await join()
    await coordinator.enqueue(jobs('a', 'b', 'c'))
    const told: string[] = []
    let isOver = false
    coordinator.waiting$('c').subscribe({
      next: ({ state, blockedBy, position }) => told.push(`${state} ${blockedBy} ${position}`),
      complete: () => {
        isOver = true
      },
    })
    const all = { max: 1, kinds: null }
    let [job] = await coordinator.claim(all)
    for (; job !== undefined; ) [job] = await coordinator.complete(job.lease, { claim: all })
    expect(told).toEqual(['waiting b 2', 'waiting b 1', 'waiting b 0', 'active null null'])
    expect(isOver).toBe(true)
    const unknown: unknown[] = []
    coordinator
      .waiting$('nobody')
      .subscribe({ next: (each) => unknown.push(each), complete: () => unknown.push('end') })
    expect(unknown).toEqual(['end'])
  })

  it('gives the present state at the subscription, however long ago the Observable was taken', async () => {
    const coordinator = await join()
    const { state$ } = coordinator
    await coordinator.enqueue(jobs('a'))
    const versions: number[] = []
    state$.subscribe(({ version }) => versions.push(version))
    expect(versions).toEqual([coordinator.state().version])
  })

  it.each([-1, 1.5, Number.NaN, '3'])('refuses to begin after %j', async (after) => {
    const coordinator = await join()
    const refused = expect.objectContaining({ code: 'invalid_input' })
    expect(() => coordinator.eventsFrom(after as number)).toThrow(refused)
    expect(() => coordinator.pullEvents(after as number)).toThrow(refused)
  })
})
