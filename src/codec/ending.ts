import { z } from 'zod'
import { bounds, failureCodes, type Micros, type RequeueReason, requeueReasons } from '../core/index.ts'
import { parseInput, unknownFields } from './invalid.ts'
import { jobIdSchema } from './names.ts'
import { parseTime, wholeNumber } from './spec.ts'

const oneOf = <const Words extends readonly string[]>(words: Words, more = '') =>
  z.enum(words, { error: `must be one of ${words.map((word) => JSON.stringify(word)).join(', ')}${more}` })

const codeSchema = oneOf(failureCodes, '; what else there is to say of it belongs into `error`')
const reasonSchema = oneOf(requeueReasons)
const outcomeSchema = oneOf(['completed', 'failed'])

/** Why an attempt failed. @throws InterlockError `invalid_input` */
export const parseFailureCode = (value: unknown) => parseInput(codeSchema, value, 'code')

/** Why a job goes back into the line. @throws InterlockError `invalid_input` */
export const parseRequeueReason = (value: unknown): RequeueReason => parseInput(reasonSchema, value, 'reason')

/** What an attempt came to, as the gate is told. @throws InterlockError `invalid_input` */
export const parseOutcome = (value: unknown) => parseInput(outcomeSchema, value, 'outcome')

/** A time, where null means that there is none. @throws InterlockError `invalid_input`, naming the root */
export const parseTimeOrNull = (value: unknown, root: string): Micros | null =>
  value === null ? null : parseTime(value, root)

const priority = wholeNumber(-bounds.priority, bounds.priority)
const moveSchema = z
  .strictObject(
    { priority: priority.optional(), before: jobIdSchema.optional() },
    { error: unknownFields(['priority', 'before']) },
  )
  .refine(
    (to) => (to.priority === undefined) !== (to.before === undefined),
    'must have either a priority, or the job to stand before',
  )
  .transform((to) => (to.before === undefined ? { priority: to.priority ?? 0 } : { before: to.before }))

/** Where a waiting job is to stand. @throws InterlockError `invalid_input`, naming e.g. `to.priority` */
export const parseMove = (value: unknown) => parseInput(moveSchema, value, 'to')
