import { fixed } from '../need.ts'
import { counts } from './counts.ts'
import { rate } from './rate.ts'

/** Who lacks one of these keeps nothing of anything: nobody knows when it may start. */
export const unkept = fixed([rate, ...counts])
