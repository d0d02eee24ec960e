/**
 * All limited things, a file each. Of several that a job lacks it is told the first in the order of `limits`; who has a model goes before for whom
 * it is kept (waits.ts).
 */
import { fixed, type Needs } from '../need.ts'
import { counts } from './counts.ts'
import { rate } from './rate.ts'
import { slot } from './slot.ts'
import { things } from './thing.ts'
import { use } from './use.ts'

/**
 * Who lacks one of these stays where it stands, with its models, and others start before it. Of resources it keeps nothing as long as it lacks
 * another one of these (use.ts).
 */
export const holdingBack: Needs = fixed([rate, use, ...counts])

/** All of them. A batch takes those behind the first once for all of its jobs. */
export const limits: readonly Needs[] = [holdingBack, things, slot]
