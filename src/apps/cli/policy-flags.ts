import type { Command } from 'commander'
import {
  archiveRules,
  bounds,
  defaultPolicy,
  emptySetRules,
  type FairShare,
  numberText,
  type Policy,
  type Rate,
} from '../../engine/core/index.ts'
import { parsePolicy } from '../../engine/events/index.ts'
import { collect, numberIn, numberOrNone, oneOf, rangeText, readNumber, withModels } from './flag-value.ts'

export interface PolicyFlags {
  readonly policy?: string
  readonly maxActive?: string
  readonly capacity?: readonly string[]
  readonly overtakes?: string
}

const numbers = (min: number, max: number) => ({ min, max, whole: false })
const whole = (min: number, max: number) => ({ min, max, whole: true })

const shorthands = ['serial', 'by-model'] as const

export function addPolicyFlags(command: Command): Command {
  return command
    .option('--policy <name>', 'serial: one job at a time; by-model: only models are limited')
    .option('--max-active <n|none>', 'how many jobs may be active at once')
    .option('--capacity <model=n|none>', 'places of a model, *=n for all others; may be repeated', collect)
    .option('--overtakes <n|none>', 'how often a waiting job may be overtaken on a model; 0: strict order')
}

/**
 * The policy with the flags applied.
 * @param prefix how the flags begin in messages
 * @throws InterlockError `invalid_input`, naming the flag
 */
export function policyFrom(flags: PolicyFlags, base: Policy, prefix = '--'): Policy {
  const name = oneOf(`${prefix}policy`, flags.policy, shorthands)
  const named = name === undefined ? base : parsePolicy(name, base)
  return parsePolicy(
    {
      maxActive: numberOrNone(`${prefix}max-active`, flags.maxActive, whole(1, bounds.maxActive)),
      maxOvertakes: numberOrNone(`${prefix}overtakes`, flags.overtakes, whole(0, bounds.maxOvertakes)),
      capacity: withModels(capacityFlag(prefix), flags.capacity, base.capacity),
    },
    named,
  )
}

/** The policy of a run: `--policy` starts from the defaults, so that the same flags make the same run. */
export const runPolicy = (flags: PolicyFlags, inForce: Policy): Policy =>
  policyFrom(flags, flags.policy === undefined ? inForce : defaultPolicy)

/** True if any of the flags was given. */
export const hasPolicyFlags = ({ policy, maxActive, capacity, overtakes }: PolicyFlags): boolean =>
  [policy, maxActive, capacity, overtakes].some((flag) => flag !== undefined)

const places = whole(1, bounds.capacity)
const capacityFlag = (prefix: string) => ({
  flag: `${prefix}capacity`,
  form: `model=n, such as flux-dev=2, with ${rangeText(places)}; to stop a model: interlock pause`,
  read: (text: string) => readNumber(text, places),
})

/** The flags of `policy set` that `run` does not have. */
export interface PolicyFields {
  readonly age?: string
  readonly hold?: readonly string[]
  readonly rate?: readonly string[]
  readonly spacing?: string
  readonly shareWaiting?: string
  readonly shareActive?: string
  readonly offer?: string
  readonly emptySet?: string
  readonly retention?: string
  readonly archive?: string
}

export function addPolicyFields(command: Command): Command {
  return command
    .option(
      '--age <seconds|none>',
      'seconds of waiting that a level of priority is worth; none: priority goes first',
    )
    .option(
      '--hold <model=seconds|none>',
      'how long a model is paused when its worker was lost, *=n for all others; may be repeated',
      collect,
    )
    .option(
      '--rate <model=starts/seconds|none>',
      'at most so many starts in so many seconds; may be repeated',
      collect,
    )
    .option(
      '--spacing <seconds>',
      'how much further back a job goes for each waiting one of the same fairKey',
    )
    .option('--share-waiting <n|none>', 'how many jobs of one fairKey may wait; one more is refused')
    .option('--share-active <n|none>', 'how many jobs of one fairKey may be active')
    .option('--offer <ms>', 'how long a startable job keeps its place until a worker takes it')
    .option('--empty-set <rule>', 'what a job without models does: bypass, reject or exclusive')
    .option('--retention <days|none>', 'after how many days events leave the log')
    .option('--archive <keep|drop>', 'where they go: kept in job_queue_log_archive, or erased')
}

/** True if any of the flags was given. */
export const hasPolicyFields = (flags: PolicyFields): boolean =>
  [
    ...[flags.age, flags.hold, flags.rate, flags.spacing, flags.shareWaiting, flags.shareActive],
    ...[flags.offer, flags.emptySet, flags.retention, flags.archive],
  ].some((flag) => flag !== undefined)

/** The policy with these fields changed. @throws InterlockError `invalid_input`, naming the flag */
export function withFields(flags: PolicyFields, base: Policy): Policy {
  return parsePolicy(
    {
      ageSeconds: numberOrNone('--age', flags.age, numbers(0, bounds.durationMs / 1_000)),
      offerMs: numberIn('--offer', flags.offer, whole(0, bounds.durationMs)),
      emptySet: oneOf('--empty-set', flags.emptySet, emptySetRules),
      holdAfterLossSeconds: withModels(holdFlag, flags.hold, base.holdAfterLossSeconds),
      rate: withModels(rateFlag, flags.rate, base.rate),
      fairShare: shareFrom(flags, base),
      retentionDays: numberOrNone('--retention', flags.retention, whole(1, 36_500)),
      archive: oneOf('--archive', flags.archive, archiveRules),
    },
    base,
  )
}

const holdFlag = {
  flag: '--hold',
  form: `model=seconds, such as flux-dev=120, up to ${numberText(bounds.holdSeconds)}; =none takes it back`,
  read: (text: string) => readNumber(text, whole(0, bounds.holdSeconds)),
}

const rateFlag = {
  flag: '--rate',
  form: 'model=starts/seconds, such as veo-3=5/60 for five in any minute; =none takes it back',
  read: rateIn,
}

function rateIn(text: string): Rate | undefined {
  const [first, second, ...more] = text.split('/')
  const starts = readNumber(first, whole(1, bounds.rateStarts))
  const perSeconds = readNumber(second, numbers(0.001, 86_400))
  return starts === undefined || perSeconds === undefined || more.length > 0
    ? undefined
    : { starts, perSeconds }
}

/** Undefined if the flags leave it unchanged; null if they leave nothing of it. */
function shareFrom(flags: PolicyFields, { fairShare }: Policy): FairShare | null | undefined {
  const spacing = numberIn('--spacing', flags.spacing, numbers(0, bounds.spacingSeconds))
  const waiting = numberOrNone('--share-waiting', flags.shareWaiting, whole(1, bounds.maxActive))
  const active = numberOrNone('--share-active', flags.shareActive, whole(1, bounds.maxActive))
  if (spacing === undefined && waiting === undefined && active === undefined) return undefined
  const share = {
    spacingSeconds: spacing ?? fairShare?.spacingSeconds ?? 0,
    maxWaiting: waiting === undefined ? (fairShare?.maxWaiting ?? null) : waiting,
    maxActive: active === undefined ? (fairShare?.maxActive ?? null) : active,
  }
  const saysNothing = share.spacingSeconds === 0 && share.maxWaiting === null && share.maxActive === null
  return saysNothing ? null : share
}
