/**
 * All limited things, a file each. A job that lacks several waits for the first of them: for what passes by itself or is its owner's before what
 * others have, and for a slot of the queue last.
 */
import { fixed, type Needs } from '../need.ts'
import { counts } from './counts.ts'
import { rate } from './rate.ts'
import { slot } from './slot.ts'
import { things } from './thing.ts'
import { use } from './use.ts'

/** Who lacks one of these keeps its position and nothing else: others may start before it. */
export const passing: Needs = fixed([rate, use, ...counts])

/** All of them. A batch takes those behind the first once for all of its jobs. */
export const limits: readonly Needs[] = [passing, things, slot]
