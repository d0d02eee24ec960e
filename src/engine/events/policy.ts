import * as z from 'zod'
import {
  archiveRules,
  bounds,
  defaultPolicy,
  emptySetRules,
  type FairShare,
  numberText,
  type Policy,
} from '../core/index.ts'
import { hasFields, optionsSchema, parseInput, unknownFields } from './invalid.ts'
import { wholeNumber } from './job-spec.ts'
import { modelSchema } from './names.ts'

/** A policy as a program writes it: a shorthand, or the fields to change. `by-model` is `{ maxActive: null }`. */
export type PolicyInput =
  | 'serial'
  | 'by-model'
  | ({ readonly [Key in Exclude<keyof Policy, 'fairShare'>]?: Policy[Key] | undefined } & {
      /** Missing fields: no spacing, no limit. */
      readonly fairShare?: Partial<FairShare> | null | undefined
    })

const places = wholeNumber(1, bounds.capacity, ' places; to stop a model, pause it')
const holdSeconds = wholeNumber(0, bounds.holdSeconds, ' (seconds)')

const spacingError = `must be a number of seconds from 0 to ${numberText(bounds.spacingSeconds)}`
const fairShare = optionsSchema({
  spacingSeconds: z
    .number({ error: spacingError })
    .min(0, { error: spacingError })
    .max(bounds.spacingSeconds, { error: spacingError })
    .default(0),
  maxWaiting: wholeNumber(1, bounds.maxActive, ', or null for no limit').nullable().default(null),
  maxActive: wholeNumber(1, bounds.maxActive, ', or null for no limit').nullable().default(null),
})

const windowError = 'must be a number of seconds from 0.001 to 86,400'
const rate = z.strictObject(
  {
    starts: wholeNumber(1, bounds.rateStarts, ' starts; to stop a model, pause it'),
    perSeconds: z
      .number({ error: windowError })
      .min(0.001, { error: windowError })
      .max(86_400, { error: windowError }),
  },
  { error: unknownFields(['starts', 'perSeconds']) },
)

/** A map from model names, or `*` for all others, to values. */
function byModel<T>(value: z.ZodType<T>, example: string) {
  const error = `must be an object of model names, e.g. ${example}`
  // Not z.record: it drops a model that is called `__proto__`; entries and fromEntries keep it an ordinary key.
  return z.custom<Record<string, T>>(hasFields, { error }).transform((given, context) => {
    const entries: [string, T][] = []
    for (const [model, own] of Object.entries(given)) {
      const name = modelSchema.safeParse(model).error?.issues[0]
      const checked = value.safeParse(own)
      const issue = name ?? checked.error?.issues[0]
      if (issue === undefined && checked.success) {
        entries.push([model, checked.data])
        continue
      }
      const path = name === undefined ? [model, ...(issue?.path ?? [])] : [model]
      context.addIssue({ code: 'custom', path, message: issue?.message ?? 'is not valid' })
      return z.NEVER
    }
    return Object.fromEntries(entries)
  })
}

const seconds = 'must be a number of seconds from 0 to 31,536,000, or null for strict priority'

const oneOf = (words: readonly string[]): string =>
  `must be one of ${words.map((word) => JSON.stringify(word)).join(', ')}`

const shape = {
  maxActive: wholeNumber(
    1,
    bounds.maxActive,
    ', or null for no limit; to stop the queue, drain it',
  ).nullable(),
  capacity: byModel(places, '{ "flux-dev": 2, "*": 1 }'),
  maxOvertakes: wholeNumber(0, bounds.maxOvertakes, ', or null for no bound').nullable(),
  ageSeconds: z
    .number({ error: seconds })
    .min(0, { error: seconds })
    .max(bounds.durationMs / 1_000, { error: seconds })
    .nullable(),
  offerMs: wholeNumber(0, bounds.durationMs, ' (milliseconds)'),
  emptySet: z.enum(emptySetRules, { error: oneOf(emptySetRules) }),
  holdAfterLossSeconds: byModel(holdSeconds, '{ "flux-dev": 600, "*": 0 }'),
  rate: byModel(rate, '{ "flux-dev": { "starts": 5, "perSeconds": 1 } }').refine(
    (rates) => !Object.hasOwn(rates, '*'),
    'has no "*": the last starts of every model would have to be kept; name the models',
  ),
  fairShare: fairShare.nullable(),
  retentionDays: wholeNumber(1, 36_500, ' (days), or null to keep all events in the log').nullable(),
  archive: z.enum(archiveRules, { error: oneOf(archiveRules) }),
}

/**
 * A whole policy, as `policy_changed` records it. A release that adds a rule gives it a default here: the logs of before do not have
 * it.
 */
export const policySchema = z.strictObject(shape)

const fieldsSchema = z.strictObject(shape).partial()
const inputSchema = z.custom<'serial' | 'by-model' | object>(
  (input) => input === 'serial' || input === 'by-model' || hasFields(input),
  {
    error: `must be "serial", "by-model", or an object with some of the fields ${Object.keys(shape).join(', ')}`,
  },
)
const partialSchema = z.strictObject(fieldsSchema.shape, { error: unknownFields(Object.keys(shape)) })

/**
 * The policy that the input makes of `base`: missing fields stay, a given map replaces the whole map.
 * @param root what messages call the input
 * @throws InterlockError `invalid_input`, naming the field
 */
export function parsePolicy(input: unknown, base: Policy = defaultPolicy, root = 'policy'): Policy {
  const shorthand = parseInput(inputSchema, input, root)
  if (shorthand === 'serial') return { ...base, maxActive: 1 }
  if (shorthand === 'by-model') return { ...base, maxActive: null }
  const fields = Object.entries(parseInput(partialSchema, input, root))
  return { ...base, ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)) }
}
