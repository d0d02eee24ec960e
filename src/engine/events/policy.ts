import * as z from 'zod'
import {
  bounds,
  defaultPolicy,
  type FairShare,
  invalidInput,
  isPattern,
  isSameRule,
  numberText,
  type Policy,
  type PolicyField,
  type PolicyPart,
  type PolicyRule,
  policyEntries,
  policyFields,
} from '../core/index.ts'
import { hasFields, optionsSchema, parseInput, pathText, unknownFields } from './invalid.ts'
import { wholeNumber } from './job-spec.ts'
import { modelSchema, placeSchema, unitsSchema } from './names.ts'

/** A policy as a program writes it: a shorthand, or the fields to change. `by-model` is `{ maxActive: null }`. */
export type PolicyInput =
  | 'serial'
  | 'by-model'
  | ({
      readonly [Key in Exclude<
        keyof Policy,
        'fairShare' | 'models' | 'units' | 'uses' | 'warm' | 'weights' | 'tiers'
      >]?: Policy[Key] | undefined
    } & {
      /** Missing fields: no spacing, no limit. */
      readonly fairShare?: Partial<FairShare> | null | undefined
      readonly models?: DeclaredModels | null | undefined
      readonly units?: Policy['units'] | null
      readonly uses?: Policy['uses'] | null
      /** Missing fields: a model may be swapped out at once; each load takes 1 s. */
      readonly warm?: (Pick<Warm, 'maxPassed' | 'maxPassedSeconds'> & Partial<Warm>) | null
      readonly weights?: Policy['weights'] | null
      /** Missing fields: no such limit. */
      readonly tiers?: Readonly<Record<string, Partial<TierLimits>>> | null
    })

type Warm = NonNullable<Policy['warm']>
type TierLimits = NonNullable<Policy['tiers']>[string]

/** The models that there are. `capacity` of a model is the same field as its `capacity` in the policy; missing: it stays. */
export type DeclaredModels = Readonly<
  Record<string, { readonly capacity?: Policy['capacity'][string] | undefined }>
>

type Is<Kind extends PolicyRule['is']> = Extract<PolicyRule, { readonly is: Kind }>

function seconds(min: number, max: number, unit: string) {
  const error = `must be a number of seconds from ${numberText(min)} to ${numberText(max)}${unit}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

function word({ words }: Is<'word'>) {
  return z.enum(words, { error: `must be one of ${words.map((each) => JSON.stringify(each)).join(', ')}` })
}

/** A number of places, or what each of them is called. */
function placesSchema({ min, max, unit = '' }: Is<'places'>) {
  return eitherOf(wholeNumber(min, max, unit), placeList)
}

/** A list is judged as such, and anything else as the one: so a message is about what was meant. */
function eitherOf(one: z.ZodType, list: z.ZodType) {
  return z.unknown().transform((given, context) => {
    const checked = (Array.isArray(given) ? list : one).safeParse(given)
    const issue = checked.error?.issues[0]
    if (checked.success) return checked.data
    context.addIssue({
      code: 'custom',
      path: [...(issue?.path ?? [])],
      message: issue?.message ?? 'is not valid',
    })
    return z.NEVER
  })
}

const placesError = `must be 1 to ${numberText(bounds.places)} different names of places, e.g. ["host1:0", "host1:1"]`
const placeList = z
  .array(placeSchema)
  .min(1, placesError)
  .max(bounds.places, placesError)
  .refine((places) => new Set(places).size === places.length, placesError)

const keySchema = modelSchema.refine(
  (key) => !/^\*{2,}$/.test(key),
  'a pattern has some text beside its stars, such as lora-*; * alone stands for all others',
)

/** Weights are looked up by the key, its tier, and `*`: another star would stand for nothing. */
const weightKeySchema = modelSchema.refine(
  (key) => key === '*' || !key.includes('*') || /^[^*/]+\/\*$/.test(key),
  'a star stands for the keys of a tier, such as paid/*; * alone stands for all others',
)

/** `free` or `free/*`, as a weight says it: all keys that begin with `free/`. */
const tierKeySchema = modelSchema.refine(
  (key) => key === '*' || /^[^*/]+(\/\*)?$/.test(key),
  'a tier is what stands before the first / of a fairKey: free, or free/* as in weights',
)
const tierIn = (key: string): string => (key.endsWith('/*') ? key.slice(0, -2) : key)

const patternsError = `may have ${bounds.patterns} patterns at most; write fewer that say less, such as lora-*`

/** A map from model names, or patterns of them, or `*` for all others, to values. */
function byModel({ of, by = 'model', example, noStar, noneEmpty }: Is<'byModel'>, isInput: boolean) {
  const value = schemaOf(of, isInput)
  const error = `must be an object of ${by} names, e.g. ${example}`
  const inputKey = by === 'fairKey' ? weightKeySchema : by === 'tier' ? tierKeySchema : keySchema
  // Not z.record: it drops a model that is called `__proto__`; entries and fromEntries keep it an ordinary key.
  const map = z.custom<Record<string, unknown>>(hasFields, { error }).transform((given, context) => {
    const entries: [string, unknown][] = []
    for (const [model, own] of Object.entries(given)) {
      const name = (isInput ? inputKey : modelSchema).safeParse(model).error?.issues[0]
      const checked = value.safeParse(own)
      const issue = name ?? checked.error?.issues[0]
      if (issue === undefined && checked.success) {
        entries.push([isInput && by === 'tier' ? tierIn(model) : model, checked.data])
        continue
      }
      const path = name === undefined ? [model, ...(issue?.path ?? [])] : [model]
      context.addIssue({ code: 'custom', path, message: issue?.message ?? 'is not valid' })
      return z.NEVER
    }
    return Object.fromEntries(entries)
  })
  const most = isInput && by !== 'fairKey' ? bounds.patterns : Number.POSITIVE_INFINITY
  return map
    .refine((values) => Object.keys(values).filter(isPattern).length <= most, patternsError)
    .refine((values) => noStar === undefined || !Object.hasOwn(values, '*'), `has no "*": ${noStar}`)
    .refine((values) => noneEmpty === undefined || Object.keys(values).length > 0, noneEmpty)
}

/** One value, or a list of different ones. What is wrong is said of the one that was given. */
function oneOrMore({ each, most }: Is<'oneOrMore'>, isInput: boolean) {
  const one = schemaOf(each, isInput)
  const listError = `must be one, or a list of 1 to ${most} different ones`
  const list = z
    .array(one)
    .min(1, listError)
    .max(most, listError)
    .refine((all) => all.every((own, i) => all.findIndex((other) => isSameRule(own, other)) === i), listError)
  return eitherOf(one, list)
}

/** Fields that may be left out get their usual values. */
function fieldsOf({ fields }: Is<'fields'>, isInput: boolean) {
  const all: readonly (readonly [string, PolicyPart])[] = Object.entries(fields)
  const parts = all.filter(([, part]) => isInput || part.in === undefined)
  const shape = Object.fromEntries(
    parts.map(([name, part]) => {
      const schema = schemaOf(part, isInput)
      if (part.in !== undefined || part.optional === true) return [name, schema.optional()]
      return [name, part.usual === undefined ? schema : schema.default(part.usual)]
    }),
  )
  const isComplete = parts.every(([, part]) => part.usual === undefined && part.in === undefined)
  return isComplete
    ? z.strictObject(shape, { error: unknownFields(Object.keys(shape)) })
    : optionsSchema(shape)
}

function unlessNull(rule: PolicyRule, isInput: boolean): z.ZodType {
  if (rule.is === 'word') return word(rule)
  if (rule.is === 'byModel') return byModel(rule, isInput)
  if (rule.is === 'fields') return fieldsOf(rule, isInput)
  if (rule.is === 'places') return placesSchema(rule)
  if (rule.is === 'units') return unitsSchema
  if (rule.is === 'oneOrMore') return oneOrMore(rule, isInput)
  const unit = `${rule.unit ?? ''}${rule.orNull === undefined ? '' : `, or null ${rule.orNull}`}`
  return (rule.is === 'seconds' ? seconds : wholeNumber)(rule.min, rule.max, unit)
}

/** @param isInput of what a program writes; else of what is recorded */
function schemaOf(rule: PolicyRule, isInput = false): z.ZodType {
  const schema = unlessNull(rule, isInput)
  return 'orNull' in rule ? schema.nullable() : schema
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
  shapeOf((field) =>
    field.since === undefined ? schemaOf(field, true).optional() : schemaOf(field, true).nullish(),
  ),
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
  const { models, ...fields } = parseInput(partialSchema, input, root) as PolicyChanges
  const declared = models == null ? fields : { ...fields, ...declaring(models, fields, base, root) }
  const given = Object.entries(declared).filter(([, value]) => value !== undefined)
  const {
    models: before,
    units,
    uses,
    warm,
    weights,
    tiers,
    ...kept
  } = {
    ...base,
    ...Object.fromEntries(given),
  }
  const isWeighed = weights != null && Object.keys(weights).length > 0
  if (isWeighed && kept.maxOvertakes === 0) throw inStrictOrder(pathText(root, ['weights']))
  return {
    ...kept,
    ...(models === null || before === undefined ? undefined : { models: before }),
    ...(units == null ? undefined : { units }),
    ...(uses == null || Object.keys(uses).length === 0 ? undefined : { uses }),
    ...(warm == null ? undefined : { warm }),
    ...(isWeighed ? { weights } : undefined),
    ...(tiers == null || Object.keys(tiers).length === 0 ? undefined : { tiers }),
  }
}

const declaredError = `must be a list of model names, or an object of them, e.g. ${policyFields.models.example}`
const listSchema = z.array(modelSchema, { error: declaredError }).min(1, policyFields.models.noneEmpty)

/** Models by their names, from a list or as they are. @throws InterlockError `invalid_input`, naming the path */
export function parseDeclared(models: unknown, root = 'models'): DeclaredModels {
  if (hasFields(models)) return models as DeclaredModels
  return Object.fromEntries(parseInput(listSchema, models, root).map((model) => [model, {}]))
}

type PolicyChanges = Partial<Omit<Policy, 'models'>> & { readonly models?: DeclaredModels | null }

/** The names of the models, and the capacities with theirs. @throws InterlockError `invalid_input` for one that is given twice */
function declaring(
  models: DeclaredModels,
  { capacity }: PolicyChanges,
  base: Policy,
  root: string,
): Partial<Policy> {
  const own = Object.entries(models).flatMap(([model, rules]) =>
    rules.capacity === undefined ? [] : [[model, rules.capacity] as const],
  )
  const other = own.find(
    ([model, n]) => capacity && Object.hasOwn(capacity, model) && !isSameRule(capacity[model], n),
  )
  if (other !== undefined)
    throw givenTwice(other[0], capacity?.[other[0]], pathText(root, ['models', other[0], 'capacity']))
  return {
    models: Object.fromEntries(Object.keys(models).map((model) => [model, {}])),
    ...(own.length === 0 ? {} : { capacity: { ...(capacity ?? base.capacity), ...Object.fromEntries(own) } }),
  }
}

const inStrictOrder = (path: string) =>
  invalidInput(
    `${path}: has no effect with maxOvertakes 0, where no job is passed; set maxOvertakes too, to 100 say, or weights to null`,
    path,
  )

const givenTwice = (model: string, other: Policy['capacity'][string] | undefined, path: string) =>
  invalidInput(
    `${path}: is the same field as capacity.${model}, which is given as ${other}; give it once, or give the same number`,
    path,
  )
