import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readSnapshot } from '../../../src/engine/coordinator/replica/snapshots.ts'
import {
  decide,
  fold,
  hash,
  jobOf,
  projectionOf,
  replay,
  SNAPSHOT_SHAPE,
  snapshotKeys,
  snapshotLines,
} from '../../../src/engine/core/index.ts'
import { decodeEvents } from '../../../src/engine/events/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { contentsOf } from '../../support/contents.ts'
import { linesOf } from '../../support/kept-ledger.ts'

const textsOf = (name: string): readonly string[] =>
  readFileSync(new URL(`samples/snapshots/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')

/** A log that has something in every part of a ledger, and the snapshot that was kept of it. */
const eventsOf = (name: string) => decodeEvents(textsOf(name).map((line) => JSON.parse(line)))
const ledgerOf = (name: string) => replay(eventsOf(name))
const ledger = ledgerOf('log')
const seq = ledger.version
const sample = textsOf('snapshot')

/** A store that has this snapshot and nothing else, here in chunks of one line. */
function stored(lines: readonly string[] = sample, shape: unknown = SNAPSHOT_SHAPE, at = seq) {
  const snapshot = { seq: at, state: { shape, maker: 'sample', chunks: lines.length, jobs: 1 } }
  return readSnapshot(
    { chunk: async (_, { n }) => lines[n] ?? null, snapshot: async () => snapshot },
    'default',
    snapshot,
  )
}

describe('the kept snapshot', () => {
  it('is decoded to the ledger that the log comes to', async () => {
    expect(contentsOf(await stored())).toEqual(contentsOf(ledger))
  })

  it.each([
    [3, 'flows'],
    [4, 'servers'],
  ])('of shape %d, which has no %s, is read as it is', async (shape) => {
    const before = ledgerOf(`log-${shape}`)
    const read = await stored(textsOf(`snapshot-${shape}`), shape, before.version)
    expect(contentsOf(read)).toEqual(contentsOf(before))
  })

  it('is gone on from as from the log', async () => {
    const body = { type: 'resume' } as const
    const command = { id: 'c', hash: hash('c'), workerId: 'w9', body, claim: { max: 9, kinds: null } }
    const surroundings = { now: ledger.lastAt + 120_000_000, deadWorkers: new Set<string>() }
    const [kept, folded] = [await stored(), ledger].map((from) => decide(from, [command], surroundings))
    expect(kept?.events).toEqual(folded?.events)
    expect(folded?.events.filter(({ type }) => type === 'started').length).toBeGreaterThan(1)
  })

  it('of a release that forgot with a pause what had passed a job is read as if nothing had', async () => {
    const events = eventsOf('log-passed')
    const before = replay(events.slice(0, 83))
    const read = await stored(textsOf('snapshot-passed'), SNAPSHOT_SHAPE, before.version)
    expect([before, read].map((ledger) => jobOf(ledger, 'b')?.passes?.length)).toEqual([12, undefined])
    expect(projectionOf(fold(read, events.slice(83)).ledger)).toEqual(projectionOf(replay(events)))
    // 24 starts passed where 16 may: that release began to count again.
    expect(audit(events).violations).toEqual([])
  })

  it('differs from what that release wrote by what it reads past in a row of jobs', () => {
    const told: unknown[] = []
    const lines = linesOf(replay(eventsOf('log-passed').slice(0, 83))).map((line) =>
      JSON.stringify(
        JSON.parse(line, (key, value) => {
          if (key !== 'passes') return value
          told.push(value)
        }),
      ),
    )
    expect(lines).toEqual(textsOf('snapshot-passed'))
    expect(told).toEqual([expect.objectContaining({ length: 12 }), 'b'])
  })

  it.each([1, 2, 'two', null])('is damaged if it says that it has the shape %j', async (shape) => {
    const corrupt = { code: 'corrupt_log', message: expect.stringContaining('state.shape') }
    await expect(stored(sample, shape)).rejects.toMatchObject(corrupt)
  })

  it('asks for a newer release where a newer one made it', async () => {
    const message = `the snapshot at event ${seq} has the shape ${SNAPSHOT_SHAPE + 1}, this release reads shapes up to ${SNAPSHOT_SHAPE}; upgrade interlock-queue`
    await expect(stored(sample, SNAPSHOT_SHAPE + 1)).rejects.toMatchObject({
      code: 'database_newer',
      message,
    })
  })
})

describe('the present shape', () => {
  const lines = () => [...snapshotLines(ledger)].filter((line) => line !== null)
  const present = () => lines().map((line) => JSON.stringify(line))

  it('is written as its sample is: a part that is added raises SNAPSHOT_SHAPE', () => {
    expect(present()).toEqual(sample)
  })

  it('has something in every part of the sample', () => {
    const kinds = lines().map((line) => (line[0] === 'timers' ? line[1] : line[0]))
    expect(new Set(kinds)).toEqual(
      new Set([
        ...['queue', 'jobs', 'models', 'pauses', 'shares', 'keys', 'servers'],
        ...['flows', 'propagating', 'links'],
        ...[...snapshotKeys.modelTimers, 'end'],
      ]),
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
    await expect(stored(damaged())).rejects.toMatchObject(corrupt)
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
