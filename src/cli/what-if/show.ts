import { type Bar, bars, groups, lines, page } from '../chart/index.ts'
import { clip, duration, plural, spanText, toSecond } from '../format.ts'
import type { Frame } from '../frame.ts'
import { table } from '../terminal/table.ts'
import type { WhatIf } from './what-if.ts'

const MODELS = 8

const titles: Readonly<Record<string, string>> = {
  happened: 'what happened',
  simulated: 'the same, simulated',
}
const titleOf = (name: string): string => titles[name] ?? name

/** The outcomes side by side. */
export function whatIfText(frame: Frame, found: WhatIf): string {
  const { dim } = frame.colors
  const { outcomes, jobs, leftOut, from, to } = found
  const happened = outcomes[0]?.makespanMs ?? 0
  const rows = outcomes.map(({ name, waiting, makespanMs, maxConcurrent }) => [
    clip(titleOf(name), 34),
    ...[waiting.mean, waiting.p50, waiting.p95, waiting.max, makespanMs].map(duration),
    happened === 0 ? '—' : `${((makespanMs / happened) * 100).toFixed(0)} %`,
    maxConcurrent,
  ])
  const heads = ['rules', 'mean wait', 'p50', 'p95', 'max', 'makespan', 'of that', 'at once']
  const left = leftOut === 0 ? '' : `; ${plural(leftOut, 'job')} left out that had not ended`
  return [
    `${plural(jobs, 'job')} of ${spanText(from, to)}${left}`,
    table(heads, rows, { heading: dim, right: [1, 2, 3, 4, 5, 6, 7] }),
    modelTable(frame, found),
    dim(
      'simulated: the same jobs come at the same times and run as long as they ran; nothing else takes time',
    ),
  ].join('\n\n')
}

function modelTable(frame: Frame, { outcomes }: WhatIf): string {
  const models = (outcomes[0]?.models ?? []).slice(0, MODELS)
  const rows = models.map(({ model }) => [
    clip(model, 24),
    ...outcomes.map(({ models: own }) => {
      const used = own.find((each) => each.model === model)
      return used === undefined ? '—' : `${(used.utilisation * 100).toFixed(0)} %`
    }),
  ])
  const heads = ['model in use', ...outcomes.map(({ name }) => clip(titleOf(name), 20))]
  return table(heads, rows, { heading: frame.colors.dim, right: outcomes.map((_, index) => index + 1) })
}

/** The same as an SVG file. */
export function whatIfDrawing({ outcomes, queue, from, to, jobs }: WhatIf): string {
  const bar = (measure: (outcome: WhatIf['outcomes'][number]) => number): readonly Bar[] =>
    outcomes.map((outcome) => {
      const value = measure(outcome)
      return { name: titleOf(outcome.name), value, text: duration(value) }
    })
  const series = outcomes.map(({ name, perSlice }) => ({ name: titleOf(name), values: perSlice.waiting }))
  const most = (outcomes[0]?.models ?? []).slice(0, MODELS).map(({ model }) => model)
  const used = most.map((model) => ({ name: model, bars: outcomes.map((outcome) => useOf(outcome, model)) }))
  return page(
    `Queue ${queue} under other rules`,
    `${plural(jobs, 'job')} of ${toSecond(from)} to ${toSecond(to)}`,
    [
      bars(
        'Makespan',
        bar(({ makespanMs }) => makespanMs),
      ),
      bars(
        'Mean wait',
        bar(({ waiting }) => waiting.mean),
      ),
      bars(
        '95 % waited no longer than',
        bar(({ waiting }) => waiting.p95),
      ),
      lines('Jobs that wait, over time', series, ['first arrival', 'last end']),
      groups('Share of the makespan that a model was in use, by rules in the order above', used),
    ],
  )
}

function useOf({ models }: WhatIf['outcomes'][number], model: string): { value: number; text: string } {
  const value = models.find((each) => each.model === model)?.utilisation ?? 0
  return { value, text: `${(value * 100).toFixed(0)} %` }
}
