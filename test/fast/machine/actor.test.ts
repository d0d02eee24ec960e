import { describe, expect, it } from 'vitest'
import { CoordinatorActor, ledgerSnapshot } from '../../../machines/index.ts'
import { type Event, emptyLedger, fold, replay } from '../../../src/engine/core/index.ts'
import { queued, started, story } from './story.ts'

const many: readonly Event[] = Array.from({ length: 1_000 }, (_, i) => queued(`j${i}`, `m${i % 10}`))

describe('the actor of a queue (CoordinatorActor, ledgerSnapshot)', () => {
  it('tells its listeners of every change, and no more once they have left', () => {
    const seen: unknown[] = []
    const actor = new CoordinatorActor()
    const leave = actor.subscribe(({ value }) => seen.push(value))
    const [first, second] = story([queued('a'), started('a')])
    if (first === undefined || second === undefined) throw new Error('no story')
    expect(actor.feed(first)).toBe(actor.ledger)
    expect(() => actor.feed(first)).toThrow('sequence number 2 was expected')
    actor.feed(second)
    leave()
    actor.restore(emptyLedger)
    expect(seen).toEqual(['idle', 'running'])
  })

  it('goes on after evolve has refused an event, for its subscribers too', () => {
    const [a, again] = story([queued('a'), queued('a')])
    const [b] = story([started('a')], 2)
    if (a === undefined || again === undefined || b === undefined) throw new Error('no story')
    const seen: unknown[] = []
    const actor = new CoordinatorActor()
    actor.subscribe(({ value }) => seen.push(value))
    actor.feed(a)
    expect(() => actor.feed(again)).toThrow('job a is in_line, and does not accept it there')
    expect(actor.snapshot.status).toBe('active')
    actor.feed(b)
    expect(seen).toEqual(['idle', 'running'])
  })

  it('is set down at a ledger, and tells of it', () => {
    const { ledger } = fold(emptyLedger, story([queued('a'), started('a')]))
    const seen: unknown[] = []
    const actor = new CoordinatorActor()
    actor.subscribe(({ value }) => seen.push(value))
    actor.restore(ledger)
    expect(actor.ledger).toBe(ledger)
    expect(seen).toEqual(['running'])
    const [end] = story([{ type: 'completed', jobId: 'a', token: 2 }], 3)
    if (end === undefined) throw new Error('no story')
    actor.feed(end)
    expect(actor.snapshot.value).toBe('idle')
  })

  it('shows an inspector every event', () => {
    const seen: string[] = []
    const actor = new CoordinatorActor(emptyLedger, {
      inspect: (inspection) => {
        if (inspection.type === '@xstate.event') seen.push(inspection.event.type)
      },
    })
    for (const event of story([queued('a'), started('a')])) actor.feed(event)
    expect(seen).toEqual(['xstate.init', 'queued', 'started'])
  })

  /** XState goes through whatever a context shows when it restores one; the jobs are not to be among it. */
  it('is set down without a look at every job', () => {
    const { context } = ledgerSnapshot(replay(story(many)))
    expect(context.ledger.jobs.size).toBe(1_000)
    expect(shownBy(context, new Set()).size).toBeLessThan(50)
  })
})

function shownBy(value: unknown, seen: Set<object>): Set<object> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return seen
  seen.add(value)
  for (const inner of Object.values(value)) shownBy(inner, seen)
  return seen
}
