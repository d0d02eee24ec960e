import { describe, expect, it } from 'vitest'
import { digestOf, keptDigests } from './decisions/digests.ts'
import { RUNS } from './decisions/run.ts'

/** Every so manieth run: all of them are in `all-decisions`. */
const EACH = 40

/**
 * What the core decides, held against what it decided before: whatever comes new, a queue that does not use it decides as it did. A run that
 * differs shows its events by `decisionsOf(run)` in `decisions/run.ts`, here and in an older commit.
 */
describe('decisions as they were', () => {
  it('are kept for 10,000 runs', () => {
    expect(keptDigests()).toHaveLength(RUNS)
  })

  it(`are the same in every ${EACH}th run`, () => {
    const kept = keptDigests()
    const others = kept.flatMap((digest, run) => (run % EACH === 0 && digestOf(run) !== digest ? [run] : []))
    expect(others, 'runs that decide differently').toEqual([])
  })
})
