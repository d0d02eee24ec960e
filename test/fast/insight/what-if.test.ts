import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultPolicy, type Policy, specDefaults } from '../../../src/engine/core/index.ts'
import { outcomeOf } from '../../../src/tools/insight/what-if/outcome.ts'
import type { Life, RunEnd } from '../../../src/tools/insight/what-if/recording.ts'
import { simulate } from '../../../src/tools/insight/what-if/simulate.ts'

const SECOND = 1_000_000
const T0 = 1_700_000_000 * SECOND

interface Wish {
  readonly at: number
  readonly models: readonly string[]
  /** Seconds of each attempt; all but the last one are followed by another. */
  readonly runs: readonly number[]
  /** The models of each attempt, where each needs others, and the next follows at once. */
  readonly steps?: readonly (readonly string[])[]
}

/** As if recorded; when they ran then is of no interest here, for how long is. */
const recorded = (wishes: readonly Wish[]): Life[] =>
  wishes.map(({ at, models, runs, steps }, index) => ({
    spec: { jobId: `job-${index}`, jobType: 'normal', kind: 'normal', models, ...specDefaults, attempts: 5 },
    arrivedAt: T0 + at * SECOND,
    runs: runs.map((seconds, i) => ({
      models: steps?.[i] ?? models,
      readyAt: T0,
      from: T0,
      to: T0 + seconds * SECOND,
      ending: endingOf(i < runs.length - 1, steps?.[i + 1]),
    })),
    cancelledAfter: null,
    waitedBefore: 0,
    ended: true,
  }))

function endingOf(again: boolean, models?: readonly string[]): RunEnd {
  if (!again) return { type: 'completed' }
  if (models === undefined) return { type: 'again', after: SECOND, costs: true }
  return { type: 'again', after: 0, costs: false, models }
}

const policy = (rest: Partial<Policy>): Policy => ({ ...defaultPolicy, ...rest })
const byModel = policy({ maxActive: null })
const seconds = (micros: number): number => Math.round((micros - T0) / 10_000) / 100
const spansOf = (lives: readonly Life[]) =>
  lives.map(({ runs }) => runs.map(({ from, to }) => [seconds(from), seconds(to)]))

describe('a simulation', () => {
  const three = recorded([
    { at: 0, models: ['m'], runs: [3] },
    { at: 0, models: ['m', 'n'], runs: [2] },
    { at: 1, models: ['o'], runs: [1] },
  ])

  it('gives a process that keeps a model the jobs of that, and an attempt takes its own loads', async () => {
    const asked = ['a', 'b', 'a', 'b', 'a', 'b'].map((model) => ({ at: 0, models: [model], runs: [3] }))
    const lives = recorded(asked).map((life) => ({
      ...life,
      runs: life.runs.map((run) => ({ ...run, loading: { loads: 1, seconds: 2, savedSeconds: 0 } })),
    }))
    const processes = [{ keeps: 1, slots: 1 }]
    const outcomes = [0, 1, 9].map(async (maxPassed) => {
      const rules = { maxPassed, maxPassedSeconds: 60, minLoadedSeconds: 0, loadSeconds: { '*': 2 } }
      const under = policy({ maxActive: null, warm: rules })
      const ended = await simulate(lives, { policy: under, slots: null, processes })
      const { loads, makespanMs } = outcomeOf(ended, under, { from: T0, to: T0 + SECOND, count: 1 })
      return [Math.round(makespanMs / 1_000), loads?.loads, loads?.savedSeconds, loads?.passing]
    })
    expect(await Promise.all(outcomes)).toEqual([
      [18, 6, 0, 0],
      [12, 3, 6, 2],
      [10, 2, 8, 2],
    ])
  })

  it('starts nothing from a model that is paused for a while', async () => {
    const body = { type: 'pause_model', model: 'o', reason: 'broken', until: T0 + 4 * SECOND } as const
    const acts = [{ at: T0, body }]
    const [, , last] = spansOf(await simulate(three, { policy: byModel, slots: null, acts }))
    expect(last).toEqual([[4, 5]])
  })

  it('lets the jobs of a serial queue run side by side', async () => {
    expect(spansOf(await simulate(three, { policy: defaultPolicy, slots: null }))).toEqual([
      [[0, 3]],
      [[3, 5]],
      [[5, 6]],
    ])
    expect(spansOf(await simulate(three, { policy: byModel, slots: null }))).toEqual([
      [[0, 3]],
      [[3, 5]],
      [[1, 2]],
    ])
    const two = { policy: policy({ maxActive: null, capacity: { m: 2 } }), slots: null }
    expect(spansOf(await simulate(three, two))).toEqual([[[0, 3]], [[0, 2]], [[1, 2]]])
    expect(spansOf(await simulate(three, { ...two, slots: 1 }))).toEqual([[[0, 3]], [[3, 5]], [[5, 6]]])
  })

  it('starts as many jobs at once, for one handler, as it was seen to take', async () => {
    const lives = recorded([1, 2, 3, 4].map(() => ({ at: 0, models: ['m'], runs: [2] }))).map((life) => ({
      ...life,
      runs: life.runs.map((run) => ({ ...run, batch: 7 })),
    }))
    for (const slots of [null, 1])
      expect(spansOf(await simulate(lives, { policy: byModel, slots }))).toEqual([
        [[0, 2]],
        [[2, 4]],
        [[2, 4]],
        [[2, 4]],
      ])
  })

  it('lets attempts fail as they failed, and be tried again as long after', async () => {
    const lives = recorded([
      { at: 0, models: ['m'], runs: [2, 1] },
      { at: 1, models: ['m'], runs: [0.5] },
    ])
    expect(spansOf(await simulate(lives, { policy: byModel, slots: null }))).toEqual([
      [
        [0, 2],
        [3, 4],
      ],
      [[2, 2.5]],
    ])
  })

  it('lets a workflow need in each step what it needed then', async () => {
    const lives = recorded([
      { at: 0, models: ['m'], runs: [2, 2], steps: [['m'], ['n']] },
      { at: 1, models: ['m'], runs: [2] },
      { at: 1, models: ['n'], runs: [2] },
    ])
    const simulated = await simulate(lives, { policy: byModel, slots: null })
    expect(spansOf(simulated)).toEqual([
      [
        [0, 2],
        // Behind the one that had the model when it was given back; its place in line is of no use then.
        [3, 5],
      ],
      [[2, 4]],
      [[1, 3]],
    ])
    const again = await simulate(simulated, { policy: byModel, slots: null })
    expect(spansOf(again)).toEqual(spansOf(simulated))
    const { models } = outcomeOf(simulated, byModel, { from: T0, to: T0 + 5 * SECOND, count: 5 })
    expect(models.map(({ model, heldMs }) => [model, Math.round(heldMs)])).toEqual([
      ['m', 4_000],
      ['n', 4_000],
    ])
  })

  it('lets a job that comes after others come when these had ended', async () => {
    const [first, second] = recorded([
      { at: 0, models: ['m'], runs: [3] },
      { at: 0, models: ['n'], runs: [2] },
    ])
    const runs = second?.runs.map((run) => ({ ...run, readyAt: T0 + 3 * SECOND }))
    const lives = [first, { ...second, spec: { ...second?.spec, after: 7 }, runs }] as Life[]
    expect(spansOf(await simulate(lives, { policy: byModel, slots: null }))).toEqual([[[0, 3]], [[3, 5]]])
  })

  it('cancels a job that was cancelled while it waited, if it still waits', async () => {
    const [first, second] = recorded([
      { at: 0, models: ['m'], runs: [3] },
      { at: 0, models: ['m'], runs: [] },
    ])
    const lives = [first, { ...second, cancelledAfter: 2 * SECOND }] as Life[]
    const serial = await simulate(lives, { policy: byModel, slots: null })
    expect(spansOf(serial)).toEqual([[[0, 3]], []])
    expect(serial[1]?.ended).toBe(true)
  })

  it('says what it comes to: waiting, makespan, use of each model', async () => {
    const lives = await simulate(three, { policy: byModel, slots: null })
    const outcome = outcomeOf(lives, byModel, { from: T0, to: T0 + 5 * SECOND, count: 5 })
    const rounded = (values: readonly number[]) => values.map((value) => Math.round(value * 100) / 100)
    expect(outcome).toMatchObject({ jobs: 3, attempts: 3, maxConcurrent: 2 })
    expect(
      rounded([outcome.waiting.mean / 1_000, outcome.waiting.max / 1_000, outcome.makespanMs / 1_000]),
    ).toEqual([1, 3, 5])
    expect(outcome.models.map(({ model, utilisation }) => [model, Math.round(utilisation * 100)])).toEqual([
      ['m', 100],
      ['n', 40],
      ['o', 20],
    ])
    expect(rounded(outcome.perSlice.waiting)).toEqual([1, 1, 1, 0, 0])
    expect(rounded(outcome.perSlice.active)).toEqual([1, 2, 1, 1, 1])
  })

  const wish = fc.record({
    at: fc.integer({ min: 0, max: 20 }),
    models: fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1, maxLength: 3 }),
    runs: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
  })
  const rules = fc.record({
    maxActive: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
    maxOvertakes: fc.constantFrom(0, 1, 16, null),
    capacity: fc.constantFrom({}, { a: 2 }, { '*': 3 }),
  })

  it('of a simulation under the same rules is that simulation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { minLength: 1, maxLength: 25 }), rules, async (wishes, rest) => {
        // No two moments are the same: which of two that are goes first is nobody's promise.
        const odd = (at: number, index: number) => at + (index + 1) * 1e-4
        const uneven = wishes
          .toSorted((a, b) => a.at - b.at)
          .map(({ at, models, runs }, index) => ({
            ...{ at: odd(at, index * 7), models },
            runs: runs.map((run, i) => odd(run, index * 101 + i * 13)),
          }))
        const lives = recorded(uneven)
        const first = await simulate(lives, { policy: policy(rest), slots: null })
        const again = await simulate(first, { policy: policy(rest), slots: null })
        expect(spansOf(again)).toEqual(spansOf(first))
        expect(first.map(({ runs }) => runs.length)).toEqual(lives.map(({ runs }) => runs.length))
      }),
      { numRuns: 200 },
    )
  })
})
