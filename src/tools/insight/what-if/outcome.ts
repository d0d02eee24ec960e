import { capacityOf, MICROS_PER_MS, type Micros, type Policy } from '../../../engine/core/index.ts'
import { Level, type Slices } from '../stats/levels.ts'
import type { LoadStats } from '../stats/loads.ts'
import type { ModelStats } from '../stats/model-levels.ts'
import { type Summary, summaryOf } from '../stats/summary.ts'
import type { Life, Run } from './recording.ts'

/** `utilisation` is measured between the first start and the last end. */
export type ModelOutcome = Omit<ModelStats, 'attempts' | 'perSlice'>

/** What became of the jobs under some rules, in fact or simulated. */
export interface Outcome {
  /** How many jobs came and ended. */
  readonly jobs: number
  /** How many attempts they took. */
  readonly attempts: number
  /**
   * From when a job could start to its start, over all attempts. Includes time before the period, if a job waited when it began.
   */
  readonly waiting: Summary
  /** From the first start to the last end. */
  readonly makespanMs: number
  /** The most that ran at once. */
  readonly maxConcurrent: number
  /** `{ loads, seconds, savedSeconds, passing }`, as in `stats`; a simulated attempt takes its own loads. Null: no process has said how many it keeps. */
  readonly loads: LoadStats | null
  /** `{ model, places, heldMs, utilisation }`: the use of each, the most used first; a share of the makespan. */
  readonly models: readonly ModelOutcome[]
  /** `{ waiting[], active[] }`: how many, on average, in each slice. */
  readonly perSlice: { readonly waiting: readonly number[]; readonly active: readonly number[] }
}

/** When the last of these jobs ended. */
export const lastEnd = (lives: readonly Life[]): Micros =>
  lives.reduce((last, { runs }) => Math.max(last, runs.at(-1)?.to ?? 0), 0)

/** @param slices the period that all outcomes share, so that they fit one axis */
export function outcomeOf(lives: readonly Life[], policy: Policy, slices: Slices): Outcome {
  const runs = lives.flatMap((life) => life.runs)
  const began = runs.reduce((first, { from }) => Math.min(first, from), Number.POSITIVE_INFINITY)
  const makespan = runs.length === 0 ? 0 : lastEnd(lives) - began
  const active = levelOf(
    runs.map(({ from, to }) => [from, to]),
    slices,
  )
  const waiting = levelOf(
    runs.map(({ readyAt, from }) => [readyAt, from]),
    slices,
  )
  return {
    jobs: lives.length,
    attempts: runs.length,
    waiting: summaryOf(lives.flatMap(waitsOf)),
    makespanMs: makespan / MICROS_PER_MS,
    maxConcurrent: active.most,
    loads: loadsOf(runs),
    models: modelsOf(runs, policy, makespan),
    perSlice: { waiting: waiting.means(), active: active.means() },
  }
}

function loadsOf(runs: readonly Run[]): LoadStats | null {
  const known = runs.filter(({ loading }) => loading !== undefined)
  const sumOf = (key: 'loads' | 'seconds' | 'savedSeconds') =>
    known.reduce((sum, { loading }) => sum + (loading?.[key] ?? 0), 0)
  const passing = runs.filter(({ passes }) => passes === true).length
  return known.length === 0
    ? null
    : { loads: sumOf('loads'), seconds: sumOf('seconds'), savedSeconds: sumOf('savedSeconds'), passing }
}

/** As in `stats`: a job that ran when the period began did not wait in it. */
function waitsOf({ runs, waitedBefore }: Life): Micros[] {
  const waits = runs.map(({ readyAt, from }) => from - readyAt)
  const [first, ...later] = waits
  if (first === undefined) return []
  return waitedBefore === null ? later : [first + waitedBefore, ...later]
}

function levelOf(spans: readonly (readonly [Micros, Micros])[], slices: Slices): Level {
  const steps = spans.flatMap(([from, to]) => (from < to ? [[from, 1] as const, [to, -1] as const] : []))
  const level = new Level(slices)
  // At the same moment ends come before starts: a hand-off is not two jobs at once.
  for (const [at, by] of steps.sort((a, b) => a[0] - b[0] || a[1] - b[1])) level.set(at, level.value + by)
  return level
}

function modelsOf(
  runs: readonly { readonly from: Micros; readonly to: Micros; readonly models: readonly string[] }[],
  policy: Policy,
  makespan: Micros,
): ModelOutcome[] {
  const held = new Map<string, Micros>()
  for (const { from, to, models } of runs) {
    for (const model of models) held.set(model, (held.get(model) ?? 0) + to - from)
  }
  return [...held]
    .map(([model, micros]) => {
      const places = capacityOf(policy, model)
      const utilisation = makespan === 0 ? 0 : micros / (places * makespan)
      return { model, places, heldMs: micros / MICROS_PER_MS, utilisation }
    })
    .toSorted((a, b) => b.heldMs - a.heldMs || (a.model < b.model ? -1 : 1))
}
