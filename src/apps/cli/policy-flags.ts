import type { Command } from 'commander'
import {
  defaultPolicy,
  invalidInput,
  type Policy,
  type PolicyField,
  type PolicyRule,
  policyEntries,
} from '../../engine/core/index.ts'
import { parsePolicy } from '../../engine/events/index.ts'
import {
  type ByModel,
  collect,
  numberIn,
  numberOrNone,
  oneOf,
  readNumber,
  unitsFrom,
  withModels,
} from './flag-value.ts'

type Flag = string | readonly string[] | undefined

/** What the flags of a policy say, by their names. */
export interface PolicyFlags {
  readonly policy?: string
  readonly maxActive?: string
  readonly capacity?: readonly string[]
  readonly overtakes?: string
}

const shorthands = ['serial', 'by-model'] as const

/** The fields that have a flag wherever a policy is given; `policy set` has all. */
const common: readonly string[] = [
  'maxActive',
  'capacity',
  'maxOvertakes',
] satisfies readonly (keyof Policy)[]

/** A rule with its flag: a field of a policy, or a field of such a field. */
type Flagged = Pick<PolicyField, 'flag' | 'says' | 'since' | 'usual'> & PolicyRule

const flaggedIn = (field: PolicyField): readonly Flagged[] =>
  field.is === 'fields' ? Object.values(field.fields) : [field]

const isCommon = ([name]: readonly [string, PolicyField]) => common.includes(name)

/** The flags of `run` and of `policy set`. */
export function addPolicyFlags(command: Command): Command {
  command.option(
    '--policy <name>',
    'serial: one job at a time (--max-active 1); by-model: only models are limited (--max-active none) (a new queue: serial)',
  )
  return withFlags(command, policyEntries.filter(isCommon))
}

/** The flags of `policy set` that `run` does not have. */
export const addPolicyFields = (command: Command): Command =>
  withFlags(
    command,
    policyEntries.filter((entry) => !isCommon(entry)),
  )

function withFlags(command: Command, entries: readonly (readonly [string, PolicyField])[]): Command {
  for (const field of entries.flatMap(([, each]) => flaggedIn(each))) {
    const { is, flag, says } = field
    if (flag === undefined) continue
    const text = `${says} (a new queue: ${usualText(field)})`
    if (is === 'byModel') command.option(flag, text, collect)
    else command.option(flag, text)
  }
  return command
}

/** Of those by model that are without an entry. */
const usualOfEach: Readonly<Record<string, string>> = {
  capacity: '1 each',
  hold: '0',
  load: '1 each',
  weight: '1 each',
}

/** What a queue has of which nothing was set. */
function usualText({ is, flag, usual }: Flagged): string {
  if (is === 'byModel') return usualOfEach[nameOf(flag)] ?? 'none'
  return String(usual ?? (flag?.includes('none') === true ? 'none' : 0))
}

const nameOf = (flag = ''): string => flag.replace(/^--| .*/g, '')

/** What was given under a flag: commander writes `--share-active` as `shareActive`. */
const givenAs = (flags: object, flag = ''): Flag =>
  (flags as Readonly<Record<string, Flag>>)[
    nameOf(flag).replace(/-./g, (dash) => dash.slice(1).toUpperCase())
  ]

/** True if any of the flags was given. */
export const hasPolicyFlags = (flags: PolicyFlags): boolean =>
  flags.policy !== undefined ||
  policyEntries.some(([, field]) => flaggedIn(field).some(({ flag }) => givenAs(flags, flag) !== undefined))

/**
 * The policy with the flags applied.
 * @param prefix how the flags begin in messages
 * @throws InterlockError `invalid_input`, naming the flag
 */
export function policyFrom(flags: PolicyFlags, base: Policy, prefix = '--'): Policy {
  const name = oneOf(`${prefix}policy`, flags.policy, shorthands)
  const named = name === undefined ? base : parsePolicy(name, base)
  const changes = policyEntries.map(([field, rule]) => [field, valueFrom(rule, flags, base[field], prefix)])
  return parsePolicy(Object.fromEntries(changes), named)
}

/** The policy of a run: `--policy` starts from the defaults, so that the same flags make the same run. */
export const runPolicy = (flags: PolicyFlags, inForce: Policy): Policy =>
  policyFrom(flags, flags.policy === undefined ? inForce : defaultPolicy)

/** Undefined: the flags leave it unchanged. */
function valueFrom(rule: Flagged, flags: object, inForce: unknown, prefix: string): unknown {
  if (rule.is === 'fields') return fieldsFrom(rule, flags, inForce, prefix)
  const given = givenAs(flags, rule.flag)
  const flag = `${prefix}${nameOf(rule.flag)}`
  if (rule.is === 'byModel') {
    const { form, of } = rule
    if (rule.since !== undefined && given?.includes('none') === true) return noneOf(flag, given)
    const read: ByModel<unknown>['read'] = (text) => readAs(of, text)
    const bare =
      of.is === 'fields' && Object.values(of.fields).every((part) => part.in !== undefined) ? {} : undefined
    const before = (inForce ?? {}) as Readonly<Record<string, unknown>>
    const texts = given as readonly string[] | undefined
    const named = rule.by === 'tier' ? texts?.map((text) => text.replace(/\/\*=/, '=')) : texts
    const after = withModels({ flag, form, read, bare }, named, before)
    return rule.noneEmpty === undefined ? after : someOf(flag, after, before)
  }
  const text = given as string | undefined
  if (rule.is === 'word') return oneOf(flag, text, rule.words)
  if (rule.is === 'units') return unitsFrom(text)
  if (!('min' in rule)) return undefined
  const isNone = 'orNull' in rule && rule.orNull !== undefined
  return (isNone ? numberOrNone : numberIn)(flag, text, rangeOf(rule))
}

/** All of them are taken back. @throws InterlockError `invalid_input` if something else was given as well */
function noneOf(flag: string, given: Flag): null {
  if (given?.length === 1 || typeof given === 'string') return null
  throw invalidInput(
    `${flag} none: takes all of them back; give it alone, or take out one with ${flag} <model>=none`,
  )
}

/** A map without models is none: there was nothing to take out, or the last one is. @throws InterlockError `invalid_input` for the last one */
function someOf(flag: string, after: object | undefined, before: object): object | undefined {
  if (after === undefined || Object.keys(after).length > 0) return after
  if (Object.keys(before).length === 0) return undefined
  throw invalidInput(`${flag}: none would be left; to let jobs need any model again: ${flag} none`)
}

/** Null if the flags leave nothing of it. */
function fieldsFrom(
  { fields }: PolicyRule & { readonly is: 'fields' },
  flags: object,
  inForce: unknown,
  prefix: string,
): unknown {
  const before = inForce as Readonly<Record<string, unknown>> | null | undefined
  const given = Object.entries(fields).map(
    ([name, part]) => [name, valueFrom(part, flags, before?.[name], prefix)] as const,
  )
  if (given.every(([, value]) => value === undefined)) return undefined
  const value = (name: string, own: unknown) =>
    own === undefined ? (before?.[name] ?? fields[name]?.usual) : own
  const whole = given.map(([name, own]) => [name, value(name, own)] as const)
  return whole.every(([name, own]) => own === fields[name]?.usual) ? null : Object.fromEntries(whole)
}

const rangeOf = ({ is, min, max }: { readonly is: string; readonly min: number; readonly max: number }) => ({
  min,
  max,
  whole: is !== 'seconds',
})

/** What a flag says of one model; `5/60`: the fields of its value, in their order. Undefined: it is not such a value. */
function readAs(rule: PolicyRule, text: string): unknown {
  if (text === 'none' && 'orNull' in rule && rule.orNull !== undefined) return null
  if (rule.is === 'units') return unitsFrom(text)
  if (rule.is === 'word') return rule.words.includes(text) ? text : undefined
  if (rule.is === 'places' && /[,:]/.test(text)) return text.split(',').filter((place) => place !== '')
  if ('min' in rule) return readNumber(text, rangeOf(rule))
  if (rule.is === 'oneOrMore') {
    const all = text.split(',').map((one) => readAs(rule.each, one))
    return all.includes(undefined) ? undefined : all.length === 1 ? all[0] : all
  }
  if (rule.is !== 'fields') return undefined
  const [names, parts] = [Object.entries(rule.fields), text.split('/')]
  const given = names.filter(([, part], i) => i < parts.length || part.optional !== true)
  const values = given.map(([name, part], i) => [name, readAs(part, parts[i] ?? '')] as const)
  const isWhole = parts.length === given.length && values.every(([, value]) => value !== undefined)
  return isWhole ? Object.fromEntries(values) : undefined
}
