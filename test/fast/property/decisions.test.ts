import { describe, expect, it } from 'vitest'
import { differing, keptDigests, kinds, type RunKind } from './decisions/digests.ts'
import { RUNS } from './decisions/run.ts'

/** Every so manieth run: all of them are in `all-decisions`. */
const EACH = 40

/**
 * What the core decides, held against what it decided before: whatever comes new, a queue that does not use it decides as it did. A run that
 * differs shows its events by `decisionsOf(run)` or `everythingOf(run)` in `decisions/`, here and in an older commit. Where only
 * `snapshots` differ, the same was decided, and a snapshot has other lines.
 */
describe('decisions as they were', () => {
  it.each(['digests', 'everything', 'snapshots'] as const)('are kept for 10,000 runs: %s', (name) => {
    expect(keptDigests(name)).toHaveLength(RUNS)
  })

  it.each(Object.keys(kinds) as RunKind[])(`are the same in every ${EACH}th run %s`, (kind) => {
    expect(differing(kind, EACH), 'runs that decide differently').toEqual([])
  })
})
