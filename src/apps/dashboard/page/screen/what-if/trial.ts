import { capacityOf, type Policy, placesOf, type WorkerFact } from '../../../../../engine/core/index.ts'
import type { WhatIf } from '../../../../../tools/insight/index.ts'
import { unitsOfNew } from '../../../../../tools/insight/what-if/around.ts'
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
  /** Limits of use, units of places and weights, by {@link amountsIn}, in per cent of what they are. */
  readonly amounts: Readonly<Record<string, number>>
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
  amounts: {},
  overtakes: null,
  slots: null,
  pause: null,
}

/** @returns a text if there is nothing to try rules on */
export async function recorded(
  { before, events, period }: LoadedPeriod,
  workers: readonly WorkerFact[] | null,
  signal: AbortSignal,
): Promise<Recorded | string> {
  const recorder = new PeriodRecorder(before, period)
  let n = 0
  for (const event of events) {
    recorder.push(event)
    if (++n % 500 === 0) await turn(signal)
  }
  if (!recorder.hasEnds)
    return 'No job ended in that time, so nobody knows how long jobs run. Choose a longer one.'
  return recorder.finish(workers)
}

/** The trial, in the form of `interlock what-if --try`. */
export function trialOf(change: RuleChange, { policy, period }: Recorded): Trial {
  const { overtakes, slots, pause } = change
  const maxActive = change.policy === 'as it is' ? policy.maxActive : change.policy === 'serial' ? 1 : null
  const amounts = scaled(policy, change.amounts)
  const capacity = { ...policy.capacity, ...capacityOfTrial(change, policy) }
  const units = { ...(amounts.units ?? policy.units), ...unitsOfNew(capacity, { ...policy, ...amounts }) }
  const rules: Policy = {
    ...policy,
    ...amounts,
    ...(policy.units === undefined ? undefined : { units }),
    maxActive,
    capacity,
    maxOvertakes: overtakes ?? policy.maxOvertakes,
  }
  return { name: nameOf(change, policy), policy: rules, slots, acts: actsOf(pause, period) }
}

/** Of a model that has places the first ones stay; one more is of those that the log does not know. */
const capacityOfTrial = ({ capacity }: RuleChange, policy: Policy): Policy['capacity'] =>
  Object.fromEntries(
    Object.entries(capacity).map(([model, n]) => {
      const listed = placesOf(policy, model)
      if (listed === undefined) return [model, n]
      const more = Array.from({ length: Math.max(0, n - listed.length) }, (_, at) => `new:${at}`)
      return [model, [...listed.slice(0, n), ...more]]
    }),
  )

const maps = ['uses', 'units', 'weights'] as const

/** What a policy has of limits of use, units of places, and weights: `uses openai-tpm`. */
export const amountsIn = (policy: Policy): readonly string[] =>
  maps.flatMap((map) => Object.keys(policy[map] ?? {}).map((name) => `${map} ${name}`))

function scaled(policy: Policy, amounts: RuleChange['amounts']): Partial<Policy> {
  const changed = maps.filter((map) => Object.keys(amounts).some((key) => key.startsWith(`${map} `)))
  const of = (map: (typeof maps)[number]) =>
    Object.entries(policy[map] ?? {}).map(([name, value]) => [
      name,
      times(value, amounts[`${map} ${name}`] ?? 100),
    ])
  return Object.fromEntries(changed.map((map) => [map, Object.fromEntries(of(map))]))
}

/** All numbers in it but the lengths of windows. */
function times(value: unknown, percent: number): unknown {
  if (typeof value === 'number') return Math.max(1, Math.round((value * percent) / 100))
  if (Array.isArray(value)) return value.map((each) => times(each, percent))
  return Object.fromEntries(
    Object.entries(value as object).map(([name, each]) => [
      name,
      name === 'perSeconds' ? each : times(each, percent),
    ]),
  )
}

function actsOf(
  pause: RuleChange['pause'],
  { from: at, to }: Recorded['period'],
): NonNullable<Trial['acts']> {
  if (pause === null) return []
  const until = Math.round(at + (to - at) * pause.part)
  return [{ at, body: { type: 'pause_model', model: pause.model, reason: 'what_if', until } }]
}

function nameOf(
  { policy: which, capacity, amounts, overtakes, slots, pause }: RuleChange,
  inForce: Policy,
): string {
  const parts = [
    ...(which === 'as it is' ? [] : [which]),
    ...Object.entries(capacity)
      .filter(([model, places]) => places !== capacityOf(inForce, model))
      .map(([model, places]) => `${model}=${places}`),
    ...Object.entries(amounts).map(([name, percent]) => `${name} ${percent} %`),
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
