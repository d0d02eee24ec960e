import type { Counted } from './counted.ts'
import { share, tier } from './share.ts'

/** All that is counted. A job that lacks several is told the first. */
export const counts: readonly Counted[] = [tier, share]

/** What is counted beside fair keys, among the shares, under names that no key has: those have no control characters. */
export const tallies = counts.filter((count) => count !== share)
export const isTally = (name: string): boolean => name !== '' && name < ' '
