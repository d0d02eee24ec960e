import * as z from 'zod'
import {
  defaultPolicy,
  type FairShare,
  numberText,
  type Policy,
  type PolicyField,
  type PolicyPart,
  type PolicyRule,
  policyEntries,
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

type Is<Kind extends PolicyRule['is']> = Extract<PolicyRule, { readonly is: Kind }>

function seconds(min: number, max: number, unit: string) {
  const error = `must be a number of seconds from ${numberText(min)} to ${numberText(max)}${unit}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

function word({ words }: Is<'word'>) {
  return z.enum(words, { error: `must be one of ${words.map((each) => JSON.stringify(each)).join(', ')}` })
}

/** A map from model names, or `*` for all others, to values. */
function byModel({ of, example, noStar }: Is<'byModel'>) {
  const value = schemaOf(of)
  const error = `must be an object of model names, e.g. ${example}`
  // Not z.record: it drops a model that is called `__proto__`; entries and fromEntries keep it an ordinary key.
  const map = z.custom<Record<string, unknown>>(hasFields, { error }).transform((given, context) => {
    const entries: [string, unknown][] = []
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
  return noStar === undefined
    ? map
    : map.refine((values) => !Object.hasOwn(values, '*'), `has no "*": ${noStar}`)
}

/** Fields that may be left out get their usual values. */
function fieldsOf({ fields }: Is<'fields'>) {
  const parts: readonly (readonly [string, PolicyPart])[] = Object.entries(fields)
  const shape = Object.fromEntries(
    parts.map(([name, part]) => {
      const schema = schemaOf(part)
      return [name, part.usual === undefined ? schema : schema.default(part.usual)]
    }),
  )
  const isComplete = parts.every(([, { usual }]) => usual === undefined)
  return isComplete
    ? z.strictObject(shape, { error: unknownFields(Object.keys(shape)) })
    : optionsSchema(shape)
}

function unlessNull(rule: PolicyRule): z.ZodType {
  if (rule.is === 'word') return word(rule)
  if (rule.is === 'byModel') return byModel(rule)
  if (rule.is === 'fields') return fieldsOf(rule)
  const unit = `${rule.unit ?? ''}${rule.orNull === undefined ? '' : `, or null ${rule.orNull}`}`
  return (rule.is === 'seconds' ? seconds : wholeNumber)(rule.min, rule.max, unit)
}

function schemaOf(rule: PolicyRule): z.ZodType {
  return 'orNull' in rule ? unlessNull(rule).nullable() : unlessNull(rule)
}

const shapeOf = (of: (field: PolicyField) => z.ZodType): Readonly<Record<string, z.ZodType>> =>
  Object.fromEntries(policyEntries.map(([name, field]) => [name, of(field)]))

/** A whole policy, as `policy_changed` records it. */
export const policySchema = z.strictObject(
  shapeOf((field) => (field.since === undefined ? schemaOf(field) : schemaOf(field).optional())),
) as unknown as z.ZodType<Policy>

const names = policyEntries.map(([name]) => name)
const inputSchema = z.custom<'serial' | 'by-model' | object>(
  (input) => input === 'serial' || input === 'by-model' || hasFields(input),
  { error: `must be "serial", "by-model", or an object with some of the fields ${names.join(', ')}` },
)
const partialSchema = z.strictObject(
  shapeOf((field) => schemaOf(field).optional()),
  { error: unknownFields(names) },
)

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
