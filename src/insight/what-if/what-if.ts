import { type PolicyInput, parsePolicy, wholeOption } from '../../codec/index.ts'
import { InterlockError, invalidInput, MICROS_PER_SECOND, type Policy, Replayer } from '../../core/index.ts'
import { isoTime } from '../../format/index.ts'
import { type Access, ledgerAt } from '../../history/index.ts'
import { eachEvent, type Opened, opened, telling } from '../../history/parts.ts'
import { type Period, type PeriodOptions, periodOf } from '../period.ts'
import { lastEnd, type Outcome, outcomeOf } from './outcome.ts'
import { type Life, Recording } from './recording.ts'
import { type Rules, simulate } from './simulate.ts'

/**
 * What `whatIf` gives: the document that `interlock what-if --json` prints: what happened in a period, and what would have under
 * other rules.
 */
export interface WhatIf {
  readonly queue: string
  readonly from: string
  readonly to: string
  /** `jobs` came and ended in the period. Those that had not ended by its end are left out. */
  readonly jobs: number
  readonly leftOut: number
  /** The length of a slice of `perSlice`. The first slice begins when the first job comes. */
  readonly sliceSeconds: number
  readonly outcomes: readonly (Outcome & {
    /** `happened`, `simulated` (the same rules), or the name of a try. */
    readonly name: string
    readonly policy: Policy
    readonly slots: number | null
  })[]
}

/** Rules to try: how they differ from the policy in force. */
export interface Try {
  /** A name for the outcome; the rules as JSON unless given. */
  readonly name?: string | undefined
  /** As for `setPolicy`; the policy in force unless given. */
  readonly policy?: PolicyInput | undefined
  /** How many jobs all workers together could run at once, 1 to 1,000,000; any number unless given. */
  readonly slots?: number | null | undefined
}

export interface WhatIfOptions extends PeriodOptions {
  /** `serial`, `by-model`, and `by-model` with 16 overtakes unless given. */
  readonly tries?: readonly Try[] | undefined
}

const usual: readonly Try[] = [
  { name: 'serial', policy: 'serial' },
  { name: 'by-model', policy: 'by-model' },
  { name: 'by-model,overtakes=16', policy: { maxActive: null, maxOvertakes: 16 } },
]

/** Rules to try, with a name. */
export interface Trial extends Rules {
  readonly name: string
}

const SLICES = 120

/**
 * Shows what other rules would have changed: simulates the jobs of a period under them. The core makes every decision. The same
 * jobs come at the same times and run as long as they did, and nothing else takes time.
 * @throws InterlockError `invalid_input` naming the path, and when no job ended in the period; `corrupt_log`, `unknown_event`;
 * `aborted` for rules under which jobs would never start; `store_unavailable`
 * @example
 * const tries = [{ name: 'two places', policy: { capacity: { 'flux-dev': 2 } } }]
 * const { outcomes } = await whatIf({ store }, { tries })
 */
export async function whatIf(
  access: Access,
  { tries = usual, ...options }: WhatIfOptions = {},
): Promise<WhatIf> {
  for (const [index, each] of tries.entries()) trialOf(each, index, undefined)
  const recorded = await record(access, options)
  return tryRules(
    access,
    recorded,
    tries.map((each, index) => trialOf(each, index, recorded.policy)),
  )
}

function trialOf({ name, policy, slots }: Try, index: number, inForce: Policy | undefined): Trial {
  const path = `tries[${index}]`
  return {
    name: name ?? JSON.stringify({ policy, slots }),
    policy: policy === undefined ? (inForce ?? parsePolicy({})) : policyOf(path, policy, inForce),
    slots: slots == null ? null : wholeOption(`${path}.slots`, slots, 1, 1, 1_000_000),
  }
}

function policyOf(path: string, policy: PolicyInput, inForce: Policy | undefined): Policy {
  try {
    return parsePolicy(policy, inForce)
  } catch (error) {
    if (!(error instanceof InterlockError)) throw error
    const at = `${path}.${String(error.details['path'] ?? 'policy')}`
    throw invalidInput(`${path}.${error.message}`, at)
  }
}

/** The jobs of a period, as they came and ran. */
export interface Recorded {
  readonly period: Period
  readonly lives: readonly Life[]
  readonly leftOut: number
  /** The policy at the end. */
  readonly policy: Policy
  /** Every model that a job needs. */
  readonly models: ReadonlySet<string>
}

/** Simulates the jobs under each of the rules, and under those in force. */
export async function tryRules(
  given: Access,
  { period, lives, leftOut, policy }: Recorded,
  tried: readonly Trial[],
): Promise<WhatIf> {
  const access = opened(given)
  const trials = [{ name: 'simulated', policy, slots: null }, ...tried]
  const simulated: (Trial & { readonly lives: readonly Life[] })[] = []
  for (const trial of trials) simulated.push({ ...trial, lives: await under(access, lives, trial) })
  const all = [{ name: 'happened', policy, slots: null, lives }, ...simulated]
  const from = lives[0]?.arrivedAt ?? period.from
  const slices = { from, to: Math.max(from + 1, ...all.map((each) => lastEnd(each.lives))), count: SLICES }
  return {
    ...{
      queue: access.queue,
      from: isoTime(period.from),
      to: isoTime(period.to),
      jobs: lives.length,
      leftOut,
      sliceSeconds: (slices.to - slices.from) / SLICES / MICROS_PER_SECOND,
    },
    outcomes: all.map(({ name, policy: rules, slots, lives: ended }) => ({
      ...{ name, policy: rules, slots },
      ...outcomeOf(ended, rules, slices),
    })),
  }
}

/** Every model that one of these jobs needs. */
function modelsOf(lives: readonly Life[]): ReadonlySet<string> {
  const models = new Set<string>()
  for (const { spec, runs } of lives)
    for (const needs of [spec, ...runs]) for (const model of needs.models) models.add(model)
  return models
}

/** Reads from the log how the jobs of a period came and ran. @throws InterlockError `invalid_input` if none of them ended */
export async function record(given: Access, options: PeriodOptions): Promise<Recorded> {
  const access = opened(given)
  const period = await periodOf(access, options)
  const { after, upTo, from } = period
  const before = await ledgerAt(access, after)
  const recording = new Recording()
  recording.begin(before, from)
  const replayer = new Replayer(before)
  const see = (event: Parameters<Recording['push']>[0]) => {
    recording.push(event)
    replayer.push(event)
  }
  await eachEvent(access, 'read', see, { after, upTo })
  const lives = recording.lives.filter(({ ended }) => ended)
  if (lives.length === 0) {
    throw invalidInput(
      'no job ended in that time, so nobody knows how long jobs run; give a longer time with --since',
      'since',
    )
  }
  const leftOut = recording.lives.length - lives.length
  return { period, lives, leftOut, policy: replayer.ledger().policy, models: modelsOf(lives) }
}

async function under(access: Opened, lives: readonly Life[], trial: Trial): Promise<readonly Life[]> {
  const progress = telling(access, `tried ${trial.name}`, lives.length)
  try {
    return await simulate(lives, trial, async (ended) => {
      progress.update(ended)
      await turn()
      access.signal.throwIfAborted()
    })
  } finally {
    progress.stop()
  }
}

/** Lets everything that already waits go first, also a signal. */
const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve))
