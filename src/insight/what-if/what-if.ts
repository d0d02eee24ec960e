import { setImmediate as yieldToSignals } from 'node:timers/promises'
import type { Frame } from '../../cli/frame.ts'
import type { Period } from '../../cli/period.ts'
import { progressOf } from '../../cli/terminal/progress.ts'
import { checkModels, type Trial, trialOf } from '../../cli/what-if/trial.ts'
import { InterlockError, MICROS_PER_SECOND, type Policy, Replayer } from '../../core/index.ts'
import { isoTime } from '../../format/index.ts'
import { ledgerAt } from '../../history/fold.ts'
import { eachEvent } from '../../history/read-log.ts'
import type { LogStore } from '../../port/index.ts'
import { lastEnd, type Outcome, outcomeOf } from './outcome.ts'
import { type Life, Recording } from './recording.ts'
import { simulate } from './simulate.ts'

/** What happened in a period, and what would have happened under other rules. */
export interface WhatIf {
  readonly queue: string
  readonly from: string
  readonly to: string
  /** Jobs whose arrival and end lie in the period, and those that had not ended by its end, which are left out. */
  readonly jobs: number
  readonly leftOut: number
  /** How long a slice of `perSlice` is; the first one begins with the first arrival. */
  readonly sliceSeconds: number
  readonly outcomes: readonly (Outcome & {
    /** `happened`, `simulated` (the same rules), or the rules that were tried. */
    readonly name: string
    readonly policy: Policy
    readonly slots: number | null
  })[]
}

const SLICES = 120

/** @throws InterlockError `invalid_input` when no job ended in the period */
export async function whatIf(
  frame: Frame,
  store: LogStore,
  period: Period,
  tries: readonly string[],
): Promise<WhatIf> {
  const { lives, leftOut, policy } = await record(frame, store, period)
  const models = modelsOf(lives)
  for (const text of tries) checkModels(text, models)
  const trials = [{ name: 'simulated', policy, slots: null }, ...tries.map((text) => trialOf(text, policy))]
  const simulated: (Trial & { readonly lives: readonly Life[] })[] = []
  for (const trial of trials) simulated.push({ ...trial, lives: await tried(frame, lives, trial) })
  const all = [{ name: 'happened', policy, slots: null, lives }, ...simulated]
  const from = lives[0]?.arrivedAt ?? period.from
  const slices = { from, to: Math.max(from + 1, ...all.map((each) => lastEnd(each.lives))), count: SLICES }
  return {
    ...{
      queue: frame.queue,
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

/** Every model that one of them needs. */
function modelsOf(lives: readonly Life[]): ReadonlySet<string> {
  const models = new Set<string>()
  for (const { spec, runs } of lives)
    for (const needs of [spec, ...runs]) for (const model of needs.models) models.add(model)
  return models
}

async function record(frame: Frame, store: LogStore, { after, upTo, from }: Period) {
  const before = await ledgerAt(frame, store, after)
  const recording = new Recording()
  recording.begin(before, from)
  const replayer = new Replayer(before)
  const see = (event: Parameters<Recording['push']>[0]) => {
    recording.push(event)
    replayer.push(event)
  }
  await eachEvent(frame, store, 'read', see, { after, upTo })
  const lives = recording.lives.filter(({ ended }) => ended)
  if (lives.length === 0) {
    throw new InterlockError(
      'invalid_input',
      'no job ended in that time, so nobody knows how long jobs run; give a longer time by --since',
    )
  }
  return { lives, leftOut: recording.lives.length - lives.length, policy: replayer.ledger().policy }
}

async function tried(frame: Frame, lives: readonly Life[], trial: Trial): Promise<readonly Life[]> {
  const progress = progressOf(frame, `tried ${trial.name}`, lives.length)
  try {
    return await simulate(lives, trial, async (ended) => {
      progress.update(ended)
      await yieldToSignals()
      frame.signal.throwIfAborted()
    })
  } finally {
    progress.stop()
  }
}
