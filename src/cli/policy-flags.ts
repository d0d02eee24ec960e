import type { Command, OptionValues } from 'commander'
import { parsePolicy } from '../codec/index.ts'
import { bounds, defaultPolicy, type Policy } from '../core/index.ts'
import { numberOrNone, oneOf, rangeText, readNumber, withModels } from './policy-value.ts'

export interface PolicyFlags extends OptionValues {
  readonly policy?: string
  readonly maxActive?: string
  readonly capacity?: readonly string[]
  readonly overtakes?: string
}

const shorthands = ['serial', 'by-model'] as const

export function addPolicyFlags(command: Command): Command {
  return command
    .option('--policy <name>', 'serial: one job at a time; by-model: only models are limited')
    .option('--max-active <n|none>', 'how many jobs may be active at once')
    .option('--capacity <model=n|none>', 'places of a model, *=n for all others; may be repeated', collect)
    .option('--overtakes <n|none>', 'how often a waiting job may be overtaken on a model; 0: strict order')
}

export const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
]

/**
 * The policy with what the flags say of it changed.
 * @param prefix what flags are called by where these come from
 * @throws InterlockError `invalid_input`, naming the flag
 */
export function policyFrom(flags: PolicyFlags, base: Policy, prefix = '--'): Policy {
  const name = oneOf(`${prefix}policy`, flags.policy, shorthands)
  const named = name === undefined ? base : parsePolicy(name, base)
  return parsePolicy(
    {
      maxActive: numberOrNone(`${prefix}max-active`, flags.maxActive, range(1, bounds.maxActive)),
      maxOvertakes: numberOrNone(`${prefix}overtakes`, flags.overtakes, range(0, bounds.maxOvertakes)),
      capacity: withModels(capacityFlag(prefix), flags.capacity, base.capacity),
    },
    named,
  )
}

/** The same for a run: `--policy` starts from the defaults, so that the same flags are the same run, whatever was set before. */
export const runPolicy = (flags: PolicyFlags, inForce: Policy): Policy =>
  policyFrom(flags, flags.policy === undefined ? inForce : defaultPolicy)

/** True if any of the flags was given. */
export const hasPolicyFlags = ({ policy, maxActive, capacity, overtakes }: PolicyFlags): boolean =>
  [policy, maxActive, capacity, overtakes].some((flag) => flag !== undefined)

const range = (min: number, max: number) => ({ min, max, whole: true })

const places = range(1, bounds.capacity)
const capacityFlag = (prefix: string) => ({
  flag: `${prefix}capacity`,
  form: `model=n, such as flux-dev=2, with ${rangeText(places)}; to stop a model: interlock pause`,
  read: (text: string) => readNumber(text, places),
})
