import {
  invalidInput,
  type Ledger,
  MICROS_PER_SECOND,
  type Policy,
  type RecordedEvent,
  Replayer,
  type WorkerFact,
} from '../../../engine/core/index.ts'
import { isoTime } from '../../format/index.ts'
import type { Period } from '../period.ts'
import { type AroundJobs, AroundRecorder, processesUnder, slotsIn } from './around.ts'
import { lastEnd, type Outcome, outcomeOf } from './outcome.ts'
import { type Life, Recording } from './recording.ts'
import type { Rules } from './simulate.ts'

/**
 * What `whatIf` gives: the document that `interlock what-if --json` prints: what happened in a period, and what would have under
 * other rules.
 */
export interface WhatIf {
  /** Which queue. */
  readonly queue: string
  /** When the period begins. */
  readonly from: string
  /** When it ends. */
  readonly to: string
  /** Jobs that came and ended in it. */
  readonly jobs: number
  /** Jobs that had not ended by its end. */
  readonly leftOut: number
  /** The length of a slice of `perSlice`. The first slice begins when the first job comes. */
  readonly sliceSeconds: number
  /** What happened, and what would have. */
  readonly outcomes: readonly TriedOutcome[]
}

/** An outcome, and the rules that led to it. */
export interface TriedOutcome extends Outcome {
  /** `happened`, `simulated` (the same rules), or the name of a try. */
  readonly name: string
  /** The rules. */
  readonly policy: Policy
  /** How many jobs all workers could run at once; null: any number. */
  readonly slots: number | null
  /** How many of the jobs these rules refused as they came, by `fairShare.maxWaiting`; no other figure has them. */
  readonly refused: number
}

/** Rules to try, with a name. */
export interface Trial extends Rules {
  readonly name: string
}

const SLICES = 120

/** The jobs of a period, as they came and ran. */
export interface Recorded {
  readonly period: Period
  readonly lives: readonly Life[]
  readonly leftOut: number
  /** The policy at the end. */
  readonly policy: Policy
  /** Every model that a job needs. */
  readonly models: ReadonlySet<string>
  readonly around: AroundJobs
  /** How many attempts all processes run at once; null: nobody knows, and any number may. */
  readonly slots: number | null
}

/** How many attempts ran at once at most. */
function mostAtOnce(lives: readonly Life[]): number {
  const turns = lives
    .flatMap(({ runs }) => runs)
    .flatMap(
      ({ from, to }) =>
        [
          { at: to, by: -1 },
          { at: from, by: 1 },
        ] as const,
    )
    .sort((a, b) => a.at - b.at || a.by - b.by)
  let [now, most] = [0, 0]
  for (const { by } of turns) {
    now += by
    most = Math.max(most, now)
  }
  return most
}

/** Every model that one of these jobs needs. */
function modelsOf(lives: readonly Life[]): ReadonlySet<string> {
  const models = new Set<string>()
  for (const { spec, runs } of lives)
    for (const needs of [spec, ...runs]) for (const model of needs.models) models.add(model)
  return models
}

/** Reads off the events of a period how its jobs came and ran. */
export class PeriodRecorder {
  readonly #period: Period
  readonly #recording = new Recording()
  readonly #replayer: Replayer
  readonly #around: AroundRecorder

  /** @param before the queue when the period begins */
  constructor(before: Ledger, period: Period) {
    this.#period = period
    this.#recording.begin(before, period.from)
    this.#around = new AroundRecorder(before, period.from)
    this.#replayer = new Replayer(before)
  }

  push(event: RecordedEvent): void {
    this.#recording.push(event)
    this.#around.push(event)
    this.#replayer.push(event)
  }

  /** A job has ended. */
  get hasEnds(): boolean {
    return this.#recording.lives.some(({ ended }) => ended)
  }

  /**
   * @param workers those that are alive tell how many slots there are; null: nobody knows them
   * @throws InterlockError `invalid_input` when none of the jobs ended
   */
  finish(workers: readonly WorkerFact[] | null = null): Recorded {
    const all = this.#recording.lives
    const lives = all.filter(({ ended }) => ended)
    if (lives.length === 0)
      throw invalidInput(
        'no job ended in that time, so nobody knows how long jobs run; try a longer time with --since',
        'since',
      )
    const ledger = this.#replayer.ledger()
    const slots = slotsIn(workers, ledger)
    return {
      period: this.#period,
      lives,
      leftOut: all.length - lives.length,
      policy: ledger.policy,
      models: modelsOf(lives),
      around: this.#around.finish(),
      slots: slots === null ? null : Math.max(slots, mostAtOnce(lives)),
    }
  }
}

/**
 * What happened, and what would have under the rules in force and under each of the others.
 * @param under lets the jobs come and run under some rules
 */
export async function triedOf(
  queue: string,
  { period, lives, leftOut, policy, around, slots }: Recorded,
  tried: readonly Trial[],
  under: (lives: readonly Life[], trial: Trial) => Promise<readonly Life[]>,
): Promise<WhatIf> {
  const { begin, acts, processes } = around
  const others = acts.filter(({ body }) => body.type !== 'set_policy')
  const asItWas = { name: 'simulated', policy: begin, slots, acts, processes }
  const trials = tried.map((trial) => ({
    ...trial,
    slots: trial.slots ?? slots,
    acts: [...others, ...(trial.acts ?? [])],
    processes: processesUnder(around, trial.policy),
  }))
  const simulated: (Pick<Trial, 'name' | 'policy' | 'slots'> & { readonly lives: readonly Life[] })[] = [
    { ...asItWas, policy, lives: await under(lives, asItWas) },
  ]
  for (const trial of trials) simulated.push({ ...trial, lives: await under(lives, trial) })
  const all = [{ name: 'happened', policy, slots: null, lives }, ...simulated]
  const from = lives[0]?.arrivedAt ?? period.from
  const slices = { from, to: Math.max(from + 1, ...all.map((each) => lastEnd(each.lives))), count: SLICES }
  return {
    queue,
    from: isoTime(period.from),
    to: isoTime(period.to),
    jobs: lives.length,
    leftOut,
    sliceSeconds: (slices.to - slices.from) / SLICES / MICROS_PER_SECOND,
    outcomes: all.map(({ name, policy: own, slots, lives: ended }) => ({
      name,
      policy: own,
      slots,
      refused: lives.length - ended.length,
      ...outcomeOf(ended, own, slices),
    })),
  }
}
