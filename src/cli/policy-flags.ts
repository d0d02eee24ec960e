import type { Command, OptionValues } from 'commander'
import { parsePolicy } from '../codec/index.ts'
import { defaultPolicy, InterlockError, type Policy } from '../core/index.ts'
import { plural } from './format.ts'
import { numberOf } from './workload/line.ts'

export interface PolicyFlags extends OptionValues {
  readonly policy?: string
  readonly maxActive?: string
  readonly capacity?: readonly string[]
  readonly overtakes?: string
}

export function addPolicyFlags(command: Command): Command {
  return command
    .option('--policy <name>', 'serial: one job at a time; by-model: only models are limited')
    .option('--max-active <n|none>', 'how many jobs may be active at once')
    .option('--capacity <model=n>', 'places of a model, *=n for all others; may be repeated', collect)
    .option('--overtakes <n|none>', 'how often a waiting job may be overtaken on a model; 0: strict order')
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/**
 * The policy that the flags make of the one in force. `--policy` starts from the defaults, so that a run with the same
 * flags is the same run, whatever was set before.
 * @throws InterlockError `invalid_input`
 */
export function policyFrom(flags: PolicyFlags, inForce: Policy): Policy {
  const base = flags.policy === undefined ? inForce : parsePolicy(flags.policy, defaultPolicy)
  return parsePolicy(
    {
      maxActive: limitOf(flags.maxActive),
      maxOvertakes: limitOf(flags.overtakes),
      capacity: capacityOf(flags.capacity, base),
    },
    base,
  )
}

/** True if any of the flags was given. */
export const hasPolicyFlags = ({ policy, maxActive, capacity, overtakes }: PolicyFlags): boolean =>
  [policy, maxActive, capacity, overtakes].some((flag) => flag !== undefined)

const limitOf = (text: string | undefined): unknown => (text === 'none' ? null : numberOf(text))

/** Names may hold an equals sign, numbers cannot: the last one divides. */
function capacityOf(flags: readonly string[] | undefined, base: Policy): unknown {
  if (flags === undefined) return undefined
  const given = flags.map((flag) => {
    const at = flag.lastIndexOf('=')
    if (at > 0) return [flag.slice(0, at), numberOf(flag.slice(at + 1))] as const
    throw new InterlockError('invalid_input', `--capacity ${flag}: must be model=n, such as flux-dev=2`)
  })
  return Object.fromEntries([...Object.entries(base.capacity), ...given])
}

/** The policy in a sentence. */
export function policyText(policy: Policy): string {
  const { maxActive, capacity, maxOvertakes } = policy

  const slots =
    maxActive === null ? 'any number of jobs' : maxActive === 1 ? 'one job' : `at most ${maxActive} jobs`
  const places = Object.entries(capacity).map(([model, n]) => `${model}=${n}`)
  const order =
    maxOvertakes === null
      ? 'greedy (large jobs may starve)'
      : maxOvertakes === 0
        ? 'strict order'
        : `overtaken ${maxOvertakes} times at most`
  const models = places.length === 0 ? 'one per model' : `places ${places.join(' ')}`
  return [`${slots} at once`, models, order, ...furtherRules(policy)].join(', ')
}

/** What most policies say nothing about. */
function furtherRules({ holdAfterLossSeconds, rate, fairShare, archive, retentionDays }: Policy): string[] {
  const holds = Object.entries(holdAfterLossSeconds).map(
    ([model, s]) => `${model} held for ${s} s after a loss`,
  )
  const rates = Object.entries(rate).map(
    ([model, { starts, perSeconds }]) => `at most ${starts} starts of ${model} in ${perSeconds} s`,
  )
  const share =
    fairShare === null ? [] : [`${fairShare.spacingSeconds} s further back per job of the same key`]
  const gone =
    archive === 'drop' && retentionDays !== null ? [`events gone after ${plural(retentionDays, 'day')}`] : []
  return [...holds, ...rates, ...share, ...gone]
}
