import { fixed } from '../need.ts'
import { counts } from './counts.ts'
import { rate } from './rate.ts'

/** All that holds a job back but resources: who lacks one of these keeps nothing of a resource meanwhile. */
export const besideUse = fixed([rate, ...counts])
