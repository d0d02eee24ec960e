import { capacityOf, type Policy } from '../../../../../engine/core/index.ts'
import type { WhatIf } from '../../../../../tools/insight/index.ts'
import { simulate } from '../../../../../tools/insight/what-if/simulate.ts'
import {
  PeriodRecorder,
  type Recorded,
  type Trial,
  triedOf,
} from '../../../../../tools/insight/what-if/tried.ts'
import type { LoadedPeriod } from '../../data/period.ts'
import { turn } from '../../frame/turn.ts'

/** What the user changes of the rules. */
export interface RuleChange {
  readonly policy: 'as it is' | 'serial' | 'by-model'
  readonly capacity: Readonly<Record<string, number>>
  /** Null: unchanged. */
  readonly overtakes: number | null
  /** Null: no limit. */
  readonly slots: number | null
  /** A model that is paused from the beginning, and for which part of the period. */
  readonly pause: { readonly model: string; readonly part: number } | null
}

export const unchanged: RuleChange = {
  policy: 'as it is',
  capacity: {},
  overtakes: null,
  slots: null,
  pause: null,
}

export async function recorded(
  { before, events, period }: LoadedPeriod,
  signal: AbortSignal,
): Promise<Recorded> {
  const recorder = new PeriodRecorder(before, period)
  let n = 0
  for (const event of events) {
    recorder.push(event)
    if (++n % 500 === 0) await turn(signal)
  }
  return recorder.finish()
}

/** The trial, in the form of `interlock what-if --try`. */
export function trialOf(change: RuleChange, { policy, period }: Recorded): Trial {
  const { capacity, overtakes, slots, pause } = change
  const maxActive = change.policy === 'as it is' ? policy.maxActive : change.policy === 'serial' ? 1 : null
  const rules: Policy = {
    ...policy,
    maxActive,
    capacity: { ...policy.capacity, ...capacity },
    maxOvertakes: overtakes ?? policy.maxOvertakes,
  }
  return { name: nameOf(change, policy), policy: rules, slots, acts: actsOf(pause, period) }
}

function actsOf(
  pause: RuleChange['pause'],
  { from: at, to }: Recorded['period'],
): NonNullable<Trial['acts']> {
  if (pause === null) return []
  const until = Math.round(at + (to - at) * pause.part)
  return [{ at, body: { type: 'pause_model', model: pause.model, reason: 'what_if', until } }]
}

function nameOf({ policy: which, capacity, overtakes, slots, pause }: RuleChange, inForce: Policy): string {
  const parts = [
    ...(which === 'as it is' ? [] : [which]),
    ...Object.entries(capacity)
      .filter(([model, places]) => places !== capacityOf(inForce, model))
      .map(([model, places]) => `${model}=${places}`),
    ...(overtakes === null ? [] : [`overtakes=${overtakes}`]),
    ...(slots === null ? [] : [`slots=${slots}`]),
    ...(pause === null ? [] : [`${pause.model} paused`]),
  ]
  return parts.join(',') || 'as it is'
}

/**
 * What happened, and what would have happened, computed with the rules of the core alone. In pieces, so that the page stays
 * responsive.
 */
export const tried = (queue: string, of: Recorded, trial: Trial): Promise<WhatIf> =>
  triedOf(queue, of, [trial], (lives, rules) => simulate(lives, rules, () => turn(), 50))
