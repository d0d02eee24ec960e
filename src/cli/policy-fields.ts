import type { Command, OptionValues } from 'commander'
import { parsePolicy } from '../codec/index.ts'
import { InterlockError, type Policy } from '../core/index.ts'
import { numberOf } from './workload/line.ts'

/** The flags of `policy set` beyond those that `run` has as well. */
export interface PolicyFields extends OptionValues {
  readonly age?: string
  readonly hold?: readonly string[]
  readonly rate?: readonly string[]
  readonly spacing?: string
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
      '--hold <model=seconds>',
      'how long a model is paused when its worker was lost, *=n for all others; may be repeated',
      collect,
    )
    .option(
      '--rate <model=starts/seconds>',
      'at most so many starts in so many seconds; may be repeated',
      collect,
    )
    .option(
      '--spacing <seconds>',
      'how much further back a job stands for each one of the same fairKey that waits',
    )
    .option('--retention <days|none>', 'after how many days events leave the log')
    .option('--archive <keep|drop>', 'what becomes of them: kept in job_queue_log_archive, or gone for good')
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** True if any of the flags was given. */
export const hasPolicyFields = ({ age, hold, rate, spacing, retention, archive }: PolicyFields): boolean =>
  [age, hold, rate, spacing, retention, archive].some((flag) => flag !== undefined)

/** The policy with these fields changed. @throws InterlockError `invalid_input` */
export function withFields(
  { age, hold, rate, spacing, retention, archive }: PolicyFields,
  base: Policy,
): Policy {
  return parsePolicy(
    {
      ageSeconds: (age === 'none' ? null : numberOf(age)) as number | null | undefined,
      holdAfterLossSeconds: merged('--hold', hold, base.holdAfterLossSeconds, numberOf),
      retentionDays: (retention === 'none' ? null : numberOf(retention)) as number | null | undefined,
      archive,
      rate: merged('--rate', rate, base.rate, rateOf),
      fairShare:
        spacing === undefined ? undefined : { ...base.fairShare, spacingSeconds: Number(numberOf(spacing)) },
    } as Parameters<typeof parsePolicy>[0],
    base,
  )
}

function merged<T>(
  flag: string,
  given: readonly string[] | undefined,
  base: Readonly<Record<string, T>>,
  read: (text: string) => unknown,
): unknown {
  if (given === undefined) return undefined
  const pairs = given.map((text) => {
    // Names may hold an equals sign, numbers cannot: the last one divides.
    const at = text.lastIndexOf('=')
    if (at > 0) return [text.slice(0, at), read(text.slice(at + 1))] as const
    throw new InterlockError(
      'invalid_input',
      `${flag} ${text}: must be model=…, see interlock policy set --help`,
    )
  })
  return Object.fromEntries([...Object.entries(base), ...pairs])
}

function rateOf(text: string): unknown {
  const [starts, perSeconds] = text.split('/')
  return { starts: numberOf(starts), perSeconds: numberOf(perSeconds) }
}
