import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeEvents, decodeSnapshot } from '../../src/codec/index.ts'
import { type SnapshotUpcasters, upcastingSnapshots } from '../../src/codec/snapshot-upcast.ts'
import { decide, hash, replay, SNAPSHOT_SHAPE, snapshotOf } from '../../src/core/index.ts'
import { contentsOf } from '../support/contents.ts'

const shapes = Array.from({ length: SNAPSHOT_SHAPE }, (_, n) => n + 1)

const linesOf = (name: string): readonly Readonly<Record<string, unknown>>[] =>
  readFileSync(new URL(`samples/snapshots/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** A log that has something in every part of a ledger; each release that changed the shape has left its snapshot of it. */
const ledger = replay(decodeEvents(linesOf('log')))
const sampleOf = (shape: number) => linesOf(String(shape))[0]

describe.each(shapes)('a snapshot of the shape %i', (shape) => {
  it('is decoded to the ledger that the log comes to', () => {
    expect(sampleOf(shape)?.['shape']).toBe(shape)
    const kept = decodeSnapshot(ledger.version, sampleOf(shape))
    expect(contentsOf(kept)).toEqual(contentsOf(ledger))
  })

  it('is gone on from as from the log', () => {
    const body = { type: 'resume' } as const
    const command = { id: 'c', hash: hash('c'), workerId: 'w9', body, claim: { max: 9, kinds: null } }
    const surroundings = { now: ledger.lastAt + 120_000_000, deadWorkers: new Set<string>() }
    const [kept, folded] = [decodeSnapshot(ledger.version, sampleOf(shape)), ledger].map((from) =>
      decide(from, [command], surroundings),
    )
    expect(kept?.events).toEqual(folded?.events)
    expect(folded?.events.filter(({ type }) => type === 'started').length).toBeGreaterThan(1)
  })

  it('that is damaged is named with the place', () => {
    for (const [damage, path] of [
      [{ shape: 'two' }, 'state.shape'],
      [{ jobs: null }, 'state.jobs'],
      [{ places: {} }, 'state.places'],
    ] as const) {
      expect(() => decodeSnapshot(ledger.version, { ...sampleOf(shape), ...damage })).toThrow(
        expect.objectContaining({ code: 'corrupt_log', message: expect.stringContaining(path) }),
      )
    }
  })
})

describe('the present shape', () => {
  it('is written as its sample is: a part that is added raises SNAPSHOT_SHAPE', () => {
    expect(JSON.parse(JSON.stringify(snapshotOf(ledger)))).toEqual(sampleOf(SNAPSHOT_SHAPE))
  })

  it('has something in every part of the sample', () => {
    const { places, timers, models, modelTimers, pauses, shares } = snapshotOf(ledger)
    const unused = ['offered', 'unbound', 'exclusives', 'offerTimes']
    const empty = [places, timers, modelTimers].flatMap((parts) =>
      Object.entries(parts).flatMap(([name, list]) => (list.length === 0 ? [name] : [])),
    )
    expect(empty.filter((name) => !unused.includes(name))).toEqual([])
    for (const list of [models, pauses, shares]) expect(list.length).toBeGreaterThan(0)
  })
})

describe('upcasting of snapshots', () => {
  const steps: SnapshotUpcasters = {
    1: (state) => ({ ...state, one: true }),
    3: ({ one: _, ...rest }) => rest,
  }
  const upcast = upcastingSnapshots(steps, 4)

  it('goes step by step to the present shape', () => {
    expect(upcast(7, { shape: 1 })).toEqual({ shape: 4 })
    expect(upcast(7, { shape: 3, two: 2 })).toEqual({ shape: 4, two: 2 })
    expect(upcast(7, { shape: 4, two: 2 })).toEqual({ shape: 4, two: 2 })
  })

  it('asks for a newer release where a newer one made it', () => {
    expect(() => upcast(7, { shape: 5 })).toThrow(
      expect.objectContaining({
        code: 'database_newer',
        message:
          'the snapshot at event 7 has the shape 5, this release reads shapes up to 4; upgrade interlock-queue',
      }),
    )
  })
})
