import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readSnapshot } from '../../src/engine/coordinator/replica/snapshots.ts'
import {
  decide,
  hash,
  ONE_PIECE_SHAPE,
  replay,
  SNAPSHOT_SHAPE,
  snapshotKeys,
  snapshotLines,
} from '../../src/engine/core/index.ts'
import { decodeEvents, decodeSnapshot } from '../../src/engine/events/index.ts'
import { type SnapshotUpcasters, upcastingSnapshots } from '../../src/engine/events/snapshot-upcast.ts'
import { contentsOf } from '../support/contents.ts'

const shapes = Array.from({ length: SNAPSHOT_SHAPE }, (_, n) => n + 1)

const textsOf = (name: string): readonly string[] =>
  readFileSync(new URL(`samples/snapshots/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
const linesOf = (name: string): readonly Readonly<Record<string, unknown>>[] =>
  textsOf(name).map((line) => JSON.parse(line))

/** A log that has something in every part of a ledger; each release that changed the shape has left its snapshot of it. */
const ledger = replay(decodeEvents(linesOf('log')))
const seq = ledger.version
const sampleOf = (shape: number) => linesOf(String(shape))[0]

/** A store that has this snapshot and nothing else: up to the shape 2 in one piece, from then on in chunks, here of one line. */
function stored(shape: number, lines: readonly string[] = textsOf(String(shape))) {
  const state =
    shape <= ONE_PIECE_SHAPE ? sampleOf(shape) : { shape, maker: 'sample', chunks: lines.length, jobs: 1 }
  const snapshot = { seq, state }
  return readSnapshot(
    { chunk: async (_, { n }) => lines[n] ?? null, snapshot: async () => snapshot },
    'default',
    snapshot,
  )
}

describe.each(shapes)('a snapshot of the shape %i', (shape) => {
  it('is decoded to the ledger that the log comes to', async () => {
    const kept = await stored(shape)
    expect(contentsOf(kept)).toEqual(contentsOf(ledger))
  })

  it('is gone on from as from the log', async () => {
    const body = { type: 'resume' } as const
    const command = { id: 'c', hash: hash('c'), workerId: 'w9', body, claim: { max: 9, kinds: null } }
    const surroundings = { now: ledger.lastAt + 120_000_000, deadWorkers: new Set<string>() }
    const [kept, folded] = [await stored(shape), ledger].map((from) => decide(from, [command], surroundings))
    expect(kept?.events).toEqual(folded?.events)
    expect(folded?.events.filter(({ type }) => type === 'started').length).toBeGreaterThan(1)
  })
})

it.each(shapes.filter((shape) => shape <= ONE_PIECE_SHAPE))(
  'a snapshot of the shape %i that is damaged is named with the place',
  (shape) => {
    expect(sampleOf(shape)?.['shape']).toBe(shape)
    for (const [damage, path] of [
      [{ shape: 'two' }, 'state.shape'],
      [{ jobs: null }, 'state.jobs'],
      [{ places: {} }, 'state.places'],
    ] as const) {
      expect(() => decodeSnapshot(seq, { ...sampleOf(shape), ...damage })).toThrow(
        expect.objectContaining({ code: 'corrupt_log', message: expect.stringContaining(path) }),
      )
    }
  },
)

describe('the present shape', () => {
  const lines = () => [...snapshotLines(ledger)].filter((line) => line !== null)
  const present = () => lines().map((line) => JSON.stringify(line))

  it('is written as its sample is: a part that is added raises SNAPSHOT_SHAPE', () => {
    expect(present()).toEqual(textsOf(String(SNAPSHOT_SHAPE)))
  })

  it('has something in every part of the sample', () => {
    const kinds = lines().map((line) => (line[0] === 'timers' ? line[1] : line[0]))
    expect(new Set(kinds)).toEqual(
      new Set(['queue', 'jobs', 'models', 'pauses', 'shares', ...snapshotKeys.modelTimers, 'end']),
    )
    const unused = ['offered', 'exclusives', 'offerTimes']
    const sizes = lines().flatMap((line) => (line[0] === 'end' ? Object.entries(line[1]) : []))
    expect(sizes.flatMap(([part, size]) => (size === 0 ? [part] : []))).toEqual(unused)
  })

  it.each([
    ['a line that is no JSON', () => ['{'], 'not JSON'],
    ['a line of no kind', () => ['["what"]'], 'line'],
    ['a job without models', () => ['["jobs",[["a"]]]'], 'line[1][0]'],
    ['no end', () => present().slice(0, -1), 'its end is missing'],
    [
      'one of another event',
      () => present().map((line) => line.replace(`"version":${seq}`, '"version":1')),
      'one of event 1',
    ],
    [
      'a job too few',
      () => lines().map((line) => JSON.stringify(line[0] === 'jobs' ? ['jobs', line[1].slice(1)] : line)),
      'contradicts itself',
    ],
  ])('that is damaged is named with the place: %s', async (_, damaged, what) => {
    const corrupt = { code: 'corrupt_log', message: expect.stringContaining(what) }
    await expect(stored(SNAPSHOT_SHAPE, damaged())).rejects.toMatchObject(corrupt)
  })

  it('of which a chunk is missing is damaged, and one that is gone is asked for again', async () => {
    const state = { shape: SNAPSHOT_SHAPE, maker: 'a', chunks: 2, jobs: 1 }
    const source = (now: unknown) => ({
      chunk: async () => null,
      snapshot: async () => ({ seq, state: now }),
    })
    const read = (now: unknown) => readSnapshot(source(now), 'default', { seq, state })
    await expect(read(state)).rejects.toMatchObject({ code: 'corrupt_log' })
    await expect(read({ ...state, maker: 'b' })).rejects.toMatchObject({ code: 'contention' })
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
