import {
  defaultPolicy,
  fits,
  type InterlockError,
  invalidInput,
  type Policy,
} from '../../../engine/core/index.ts'
import type { Access } from '../../../tools/history/index.ts'
import type { Trial } from '../../../tools/insight/what-if/tried.ts'
import { record, tryRules } from '../../../tools/insight/what-if/what-if.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import { withOutput } from '../output-file.ts'
import { addPeriodFlags, checkPeriod, type PeriodFlags, periodIn } from '../period.ts'
import { type PolicyFlags, policyFrom } from '../policy-flags.ts'
import { whatIfDrawing, whatIfText } from '../show/what-if.ts'
import { withLog } from '../store.ts'

interface Options extends PeriodFlags {
  readonly try?: readonly string[]
  readonly svg?: string
}

export function addWhatIf(cli: Cli): void {
  addPeriodFlags(
    cli.command<Options>(
      'what-if',
      [
        [
          'what-if --since 48h --until 24h --try flux-dev=2',
          'what the day before would have been with two places on flux-dev; all else as the policy is now',
        ],
        ['what-if', 'the last 24 hours under serial, by-model, and by-model with overtaking'],
        [
          'what-if --try flux-dev=2 --try flux-dev=2,overtakes=16',
          'capacity 2 for a model, beside what happened; if one job runs at a time now, write by-model,flux-dev=2',
        ],
        ['what-if --try by-model,max-active=8,slots=8', 'with 8 slots in all workers together'],
        [
          'what-if --try warm=0/0 --try warm=16/120',
          'how many loads it saves to pass others for loaded models',
        ],
        [
          'what-if --try flux-dev=host1:0,host1:1,host2:0',
          'one card more: it comes with a process that serves it',
        ],
        ['what-if --try units.host1:0=vram:48,weight.paid/*=8', 'other units of a card, and another weight'],
        ['what-if --since 7d --svg week.svg --json', 'draws a chart, and prints everything for programs'],
      ],
      async (frame, _, options) => {
        const tries = options.try ?? usualTrials
        for (const text of tries) trialOf(text, defaultPolicy)
        checkPeriod(options)
        const look = async (access: Access) => {
          const recorded = await record(access, await periodIn(access, options))
          for (const text of tries) checkModels(text, recorded.models)
          return tryRules(
            access,
            recorded,
            tries.map((text) => trialOf(text, recorded.policy)),
          )
        }
        const tried = () => withLog(frame, options.fromArchive, look)
        const found = await withOutput(frame, '--svg', options.svg, tried, whatIfDrawing)
        frame.emit(found, whatIfText(frame, found))
      },
    ),
    '24h',
  )
    .option(
      '--try <rules>',
      'what differs from the policy that is in force now: serial or by-model, max-active=n, overtakes=n, slots=n, warm=n/seconds, model=capacity (a number, or places as host1:0,host1:1), units.place=name:n, uses.resource=limit/seconds, and weight, tier, rate and load as in policy set; may be repeated',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--svg <file>', 'draw a chart into a new file')
}

const NAMED = 12
const rules =
  'serial, by-model, max-active=n, overtakes=n, slots=n, warm=n/seconds, units.place=name:n, uses.resource=limit/seconds, weight.key=n, rate.model=starts/seconds'

/** The tries, if none are given. */
const usualTrials = ['serial', 'by-model', 'by-model,overtakes=16'] as const

/**
 * `by-model,max-active=4,flux-dev=2,overtakes=16,slots=8`: what differs from the policy in force, as with `interlock policy set`.
 * @throws InterlockError `invalid_input`
 */
export function trialOf(text: string, inForce: Policy): Trial {
  const { slots, ...flags } = flagsOf(text)
  return {
    name: text,
    policy: policyFrom(flags, inForce, '--try '),
    slots: wholeNumber('--try slots', slots, 1, 1_000_000) ?? null,
  }
}

/**
 * A word that is not a rule would count as a model, and change nothing.
 * @param models the models that the jobs need
 * @throws InterlockError `invalid_input` for a model that none of them needs
 */
function checkModels(text: string, models: ReadonlySet<string>): void {
  const named = (flagsOf(text).capacity ?? []).map((part) => part.slice(0, part.lastIndexOf('=')))
  const isNeeded = (key: string) => key === '*' || [...models].some((model) => fits(key, model))
  const unknown = named.find((key) => !isNeeded(key))
  if (unknown === undefined) return
  const known = [...models].toSorted()
  const more = known.length > NAMED ? ` and ${known.length - NAMED} more` : ''
  throw invalidInput(
    `--try ${text}: no job of that time needs the model ${unknown}; say ${rules}, or one of its models: ${known.slice(0, NAMED).join(', ') || 'there is none'}${more}`,
  )
}

function flagsOf(text: string): PolicyFlags & { readonly slots?: string } {
  const flags: { [name: string]: string | string[] } = {}
  const add = (name: string, value: string) => (flags[name] = [...(flags[name] ?? []), value])
  /** The map that the last part was of. */
  let last: string | undefined
  for (const part of text.split(',').map((each) => each.trim())) {
    const at = part.lastIndexOf('=')
    const [key, value] = [part.slice(0, at), part.slice(at + 1)]
    const [, map = '', name] = /^([a-z]+)\.(.+)$/.exec(key) ?? []
    if (part === '') throw invalidInput(`--try ${text}: a part of it is empty; leave it out`)
    if (at < 0 && last !== undefined && goesOn(flags[last]?.at(-1))) {
      add(last, `${flags[last]?.slice(-1)},${part}`)
      continue
    }
    last = undefined
    if (part === 'serial' || part === 'by-model') flags['policy'] = part
    else if (key === 'warm') Object.assign(flags, warmFlags(value))
    else if (numbers.has(key)) flags[numbers.get(key) ?? ''] = value
    else if (at > 0) {
      const isMap = maps.includes(map) && name !== undefined
      last = isMap ? map : 'capacity'
      add(last, isMap ? `${name}=${value}` : part)
    } else throw noRule(text, part)
  }
  return flags
}

/** Numbers of a try, with the flags of a policy that they are. */
const numbers: ReadonlyMap<string, string> = new Map([
  ['max-active', 'maxActive'],
  ['overtakes', 'overtakes'],
  ['slots', 'slots'],
])

/** Maps of a policy, as its flags are called: `units.host1:0=vram:48`. */
const maps = ['capacity', 'units', 'uses', 'weight', 'tier', 'rate', 'load']

/** `16`, or `16/120`: so often, and for so many seconds. */
function warmFlags(value: string): { readonly warmPassed?: string; readonly warmSeconds?: string } {
  const [warmPassed = '', warmSeconds] = value.split('/')
  return warmSeconds === undefined ? { warmPassed } : { warmPassed, warmSeconds }
}

/** Names of places and windows of a limit go on behind a comma. */
const goesOn = (text: string | undefined): boolean => text !== undefined && /=(?!\d+$)/u.test(text)

const noRule = (text: string, part: string): InterlockError =>
  invalidInput(`--try ${text}: ${part} is not a rule; say ${rules} or <model>=n`)
