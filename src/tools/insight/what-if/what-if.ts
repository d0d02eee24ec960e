import type { Policy } from '../../../engine/core/index.ts'
import { checkCall, type PolicyInput, parsePolicy } from '../../../engine/events/index.ts'
import { type Opened, opened, telling } from '../../history/access.ts'
import { type Access, ledgerAt } from '../../history/index.ts'
import { eachEvent } from '../../history/read-events.ts'
import { type PeriodOptions, periodOf } from '../period.ts'
import type { Life } from './recording.ts'
import { simulate } from './simulate.ts'
import { PeriodRecorder, type Recorded, type Trial, triedOf, type WhatIf } from './tried.ts'

/** Rules to try: how they differ from the policy in force. */
export interface Try {
  /** A name for the outcome; the rules as JSON unless given. */
  readonly name?: string | undefined
  /** As for `setPolicy`; the policy in force unless given. */
  readonly policy?: PolicyInput | undefined
  /** How many jobs all workers together could run at once, 1 to 1,000,000; unless given those of the live processes, and any number if none is alive. */
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

/**
 * Shows what other rules would have changed: simulates the jobs of a period under them. The core makes every decision. The same
 * jobs come at the same times and run as long as they did, and nothing else takes time.
 * @throws InterlockError `invalid_input` naming the path, and when no job ended in the period; `corrupt_log`, `unknown_event`;
 * `aborted` for rules under which jobs would never start; `store_unavailable`
 * @example
 * const tries = [{ name: 'two places', policy: { capacity: { 'flux-dev': 2 } } }]
 * const { outcomes } = await whatIf({ store }, { tries })
 */
export async function whatIf(given: Access, options: WhatIfOptions = {}): Promise<WhatIf> {
  const access = opened(given)
  checkCall('whatIf', options)
  const { tries = usual } = options
  for (const [index, each] of tries.entries()) trialOf(each, index, undefined)
  const recorded = await record(access, options)
  return tryRules(
    access,
    recorded,
    tries.map((each, index) => trialOf(each, index, recorded.policy)),
  )
}

function trialOf({ name, policy, slots }: Try, index: number, inForce: Policy | undefined): Trial {
  return {
    name: name ?? JSON.stringify({ policy, slots }),
    policy: parsePolicy(policy === undefined ? {} : policy, inForce, `tries[${index}].policy`),
    slots: slots ?? null,
  }
}

/** Simulates the jobs under each of the rules, and under those in force. */
export function tryRules(given: Access, recorded: Recorded, tried: readonly Trial[]): Promise<WhatIf> {
  const access = opened(given)
  return triedOf(access.queue, recorded, tried, (lives, trial) => under(access, lives, trial))
}

/** Reads from the log how the jobs of a period came and ran. @throws InterlockError `invalid_input` if none of them ended */
export async function record(given: Access, options: PeriodOptions): Promise<Recorded> {
  const access = opened(given)
  const period = await periodOf(access, options)
  const { after, upTo } = period
  const recorder = new PeriodRecorder(await ledgerAt(access, after), period)
  await eachEvent(access, 'read', (event) => recorder.push(event), { after, upTo })
  return recorder.finish(await access.store.workers(access.queue))
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
