import { clip, duration, plural, spanText, toSecond } from '../../../tools/format/index.ts'
import type { WhatIf } from '../../../tools/insight/index.ts'
import { type Bar, bars, groups, lines, page } from '../chart/index.ts'
import type { Frame } from '../frame.ts'
import { paragraphs } from '../terminal/lines.ts'
import { table } from '../terminal/table.ts'

const MODELS = 8

const titles: Readonly<Record<string, string>> = {
  happened: 'what happened',
  simulated: 'the same, simulated',
}
const titleOf = (name: string): string => titles[name] ?? name

/** The outcomes side by side. */
export function whatIfText(frame: Frame, found: WhatIf): readonly string[] {
  const { dim } = frame.colors
  const { jobs, leftOut, from, to } = found
  const left = leftOut === 0 ? '' : `; without ${plural(leftOut, 'job')} that had not ended`
  const outcomes = fitted(outcomeGrid(found), widthOf(frame), {
    least: 24,
    spare: ['p50', 'of that', 'max', 'at once', 'p95'],
  })
  const models = fitted(modelGrid(found), widthOf(frame), { least: 16 })
  const missing =
    outcomes.leftOut.length === 0 ? '' : `; not shown here: ${outcomes.leftOut.join(', ')} (use --json)`
  return paragraphs([
    `${plural(jobs, 'job')} of ${spanText(from, to)}${left}`,
    ...[outcomes, models].map(({ head, rows }) =>
      table(head, rows, { heading: dim, right: [...head.keys()].slice(1) }),
    ),
    dim(
      `simulated: the same jobs come at the same times and run as long as before; nothing else takes time${missing}`,
    ),
  ])
}

/** In a pipe there is room for everything. */
const widthOf = (frame: Frame): number => (frame.isTerminal ? frame.width : 160)

/** Rules have numbers, which head their columns below. */
function outcomeGrid({ outcomes }: WhatIf): Grid {
  const happened = outcomes[0]?.makespanMs ?? 0
  const isLoading = outcomes.some(({ loads }) => loads !== null)
  const isRefusing = outcomes.some(({ refused }) => refused > 0)
  const rows = outcomes.map(({ name, waiting, makespanMs, maxConcurrent, loads, refused }, index) => [
    `${index + 1} ${clip(titleOf(name), 48)}`,
    ...[waiting.mean, waiting.p50, waiting.p95, waiting.max, makespanMs].map(duration),
    happened === 0 ? '—' : `${((makespanMs / happened) * 100).toFixed(0)} %`,
    maxConcurrent,
    ...(isLoading ? [loads?.loads ?? '—'] : []),
    ...(isRefusing ? [refused] : []),
  ])
  const head = ['rules', 'mean wait', 'p50', 'p95', 'max', 'makespan', 'of that', 'at once']
  return { head: [...head, ...(isLoading ? ['loads'] : []), ...(isRefusing ? ['refused'] : [])], rows }
}

function modelGrid({ outcomes }: WhatIf): Grid {
  const models = (outcomes[0]?.models ?? []).slice(0, MODELS)
  const rows = models.map(({ model }) => [
    model,
    ...outcomes.map(({ models: own }) => {
      const used = own.find((each) => each.model === model)
      return used === undefined ? '—' : `${(used.utilisation * 100).toFixed(0)} %`
    }),
  ])
  return { head: ['model in use', ...outcomes.map((_, index) => String(index + 1))], rows }
}

/** What other rules would have changed, as an SVG file. */
export function whatIfDrawing({ outcomes, queue, from, to, jobs, sliceSeconds }: WhatIf): string {
  const bar = (measure: (outcome: WhatIf['outcomes'][number]) => number): readonly Bar[] =>
    outcomes.map((outcome) => {
      const value = measure(outcome)
      return { name: titleOf(outcome.name), value, text: duration(value) }
    })
  const series = outcomes.map(({ name, perSlice }) => ({ name: titleOf(name), values: perSlice.waiting }))
  const spanMs = sliceSeconds * 1_000 * Math.max(0, ...series.map(({ values }) => values.length))
  const inside = [1 / 3, 2 / 3].map((part) => `after ${duration(spanMs * part)}`)
  const marks = ['first arrival', ...inside, 'last end']
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
      lines('Jobs that wait, over time', series, marks),
      groups('Share of the makespan that a model was in use, by rules in the order above', used),
    ],
  )
}

function useOf({ models }: WhatIf['outcomes'][number], model: string): { value: number; text: string } {
  const value = models.find((each) => each.model === model)?.utilisation ?? 0
  return { value, text: `${(value * 100).toFixed(0)} %` }
}

interface Grid {
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** Between two columns. */
const GAP = 2

/**
 * A table that fits the width of a terminal. The names in the first column are cut to the room that is left. If that would be
 * less than `least`, columns that are not essential are left out.
 * @param spare headings of those columns; the first is left out first
 */
export function fitted(
  { head, rows }: Grid,
  width: number,
  { least, spare = [] }: { readonly least: number; readonly spare?: readonly string[] },
): Grid & { readonly leftOut: readonly string[] } {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => String(row[column]).length)),
  )
  const kept = new Set(head.keys())
  const room = () => width - [...kept].slice(1).reduce((sum, column) => sum + (widths[column] ?? 0) + GAP, 0)
  const leftOut: string[] = []
  for (const name of spare) {
    if (room() >= Math.min(least, widths[0] ?? 0)) break
    kept.delete(head.indexOf(name))
    leftOut.push(name)
  }
  const cut = <T>(row: readonly T[]) => row.filter((_, column) => kept.has(column))
  const names = Math.max(room(), Math.min(least, 8))
  return {
    head: cut(head),
    rows: rows.map(([name = '', ...rest]) => cut([clip(String(name), names), ...rest])),
    leftOut,
  }
}
