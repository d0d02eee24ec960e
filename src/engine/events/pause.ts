import * as z from 'zod'
import type { Micros } from '../core/index.ts'
import { isPause } from './event-guards.ts'
import { parseInput, unknownFields } from './invalid.ts'
import { timeSchema } from './job-spec.ts'
import { modelSchema } from './names.ts'

const reasonError =
  'must be a code of 1 to 50 letters a to z, digits and underscores that begins with a letter, e.g. "provider_down"'
export const pauseReason = z.custom<string>(isPause, { error: reasonError })

const pauseSchema = z.strictObject(
  { reason: pauseReason, until: timeSchema.nullish() },
  { error: unknownFields(['reason', 'until']) },
)

/** @throws InterlockError `invalid_input` */
export const parseModel = (value: unknown): string => parseInput(modelSchema, value, 'model')

/** Why a model is paused, and until when (null: until it is resumed). @throws InterlockError `invalid_input` */
export function parsePause(value: unknown): { readonly reason: string; readonly until: Micros | null } {
  const { reason, until } = parseInput(pauseSchema, value, 'pause')
  return { reason, until: until ?? null }
}
