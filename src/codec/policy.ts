import { z } from 'zod'
import { bounds, defaultPolicy, emptySetRules, type Policy } from '../core/index.ts'
import { parseInput, unknownFields } from './invalid.ts'
import { modelSchema } from './names.ts'
import { wholeNumber } from './spec.ts'

/** A policy as a program writes it: a shorthand, or the fields to change. `by-model` is `{ maxActive: null }`. */
export type PolicyInput = 'serial' | 'by-model' | { readonly [Key in keyof Policy]?: Policy[Key] | undefined }

const capacityError = 'must be an object of model names and places, e.g. { "flux-dev": 2, "*": 1 }'
const places = wholeNumber(1, bounds.capacity, ' places; to stop a model, pause it')

// Not z.record: it drops a model that is called `__proto__`; entries and fromEntries keep it an ordinary key.
const capacitySchema = z
  .custom<Record<string, number>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    { error: capacityError },
  )
  .transform((value, context) => {
    const entries = Object.entries(value)
    for (const [model, count] of entries) {
      const issue = modelSchema.safeParse(model).error?.issues[0] ?? places.safeParse(count).error?.issues[0]
      if (!issue) continue
      context.addIssue({ code: 'custom', path: [model], message: issue.message })
      return z.NEVER
    }
    return Object.fromEntries(entries)
  })

const seconds = 'must be a number of seconds from 0 to 31,536,000, or null for strict priority'

const shape = {
  maxActive: wholeNumber(
    1,
    bounds.maxActive,
    ', or null for no limit; to stop the queue, drain it',
  ).nullable(),
  capacity: capacitySchema,
  maxOvertakes: wholeNumber(0, bounds.maxOvertakes, ', or null for no bound').nullable(),
  ageSeconds: z
    .number({ error: seconds })
    .min(0, { error: seconds })
    .max(bounds.durationMs / 1_000, { error: seconds })
    .nullable(),
  offerMs: wholeNumber(0, bounds.durationMs, ' (milliseconds)'),
  emptySet: z.enum(emptySetRules, {
    error: `must be one of ${emptySetRules.map((rule) => JSON.stringify(rule)).join(', ')}`,
  }),
}

/** A whole policy, as `policy_changed` records it. */
export const policySchema = z.strictObject(shape)

const fieldsSchema = policySchema.partial()
const inputSchema = z.union([z.literal(['serial', 'by-model']), z.looseObject({})], {
  error: `must be "serial", "by-model", or an object with some of the fields ${Object.keys(shape).join(', ')}`,
})
const partialSchema = z.strictObject(fieldsSchema.shape, { error: unknownFields(Object.keys(shape)) })

/**
 * The policy that the input makes of `base`: fields that are left out stay, a given `capacity` replaces the whole map.
 *
 * @throws InterlockError `invalid_input`, naming the field
 */
export function parsePolicy(input: unknown, base: Policy = defaultPolicy): Policy {
  const shorthand = parseInput(inputSchema, input, 'policy')
  if (shorthand === 'serial') return { ...base, maxActive: 1 }
  if (shorthand === 'by-model') return { ...base, maxActive: null }
  const fields = Object.entries(parseInput(partialSchema, input, 'policy'))
  return { ...base, ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)) }
}
