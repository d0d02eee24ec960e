import { fixed } from '../need.ts'
import type { Counted } from './counted.ts'
import { share, tier } from './share.ts'

/** All that is counted. A job that lacks several of them is told the first. */
export const counts: readonly Counted[] = [tier, share]

export const shares = fixed(counts)

/** What is counted beside fair keys, under names that no key has: names have no control characters. */
export const tallies = counts.filter((count) => count !== share)
export const isTally = (name: string): boolean => name !== '' && name < ' '
