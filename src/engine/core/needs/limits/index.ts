/**
 * All limited things, a file each. `waitsFor` says which of several a job is told that it lacks.
 */
import type { Counted } from '../counted.ts'
import { fixed, type Needs } from '../need.ts'
import { things } from '../things.ts'
import { rate } from './rate.ts'
import { share, tier } from './share.ts'
import { slot } from './slot.ts'
import { useBeside } from './use.ts'

/** All that is counted. A job that lacks several is told the first. */
export const counts: readonly Counted[] = [tier, share]

/** All that holds a job back but resources: who lacks one of these keeps nothing of a resource meanwhile. */
export const besideUse = fixed([rate, ...counts])

export const use = useBeside(besideUse)

/** Who lacks one of these keeps its models as any job in line does; others may start before it. */
export const holdingBack: Needs = fixed([rate, use, ...counts])

/** All of them. A batch takes those behind the first once for all of its jobs. */
export const limits: readonly Needs[] = [holdingBack, things, slot]
