/** How far a worker may be behind. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { WakeFilter } from '../../../src/engine/coordinator/membership/wakeups.ts'
import { lookPolicyOf } from '../../../src/engine/store/index.ts'

/** Whether it may ignore what does not concern it, so many events behind, when chance says one half. */
function mayIgnore(behind: number, isFrugal: boolean): boolean {
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  onTestFinished(() => void vi.restoreAllMocks())
  const process = {
    getsAnswers: !isFrugal,
    capacity: { kinds: null, freeSlots: 0 },
    log: {
      looks: lookPolicyOf(isFrugal ? { frugal: true } : {}),
      version: 0,
      knownVersion: behind,
      head: { reachedAt: performance.now() } as never,
    },
  }
  const filter = new WakeFilter(process)
  return filter.mayIgnore('nobody', behind)
}

it('is 10,000 events where each call has its price, and else up to twice as many, for each process another number', () => {
  expect([10_000, 10_001].map((behind) => mayIgnore(behind, true))).toEqual([true, false])
  expect([15_000, 15_001].map((behind) => mayIgnore(behind, false))).toEqual([true, false])
})
