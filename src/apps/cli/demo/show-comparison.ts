import { duration } from '../../../tools/format/index.ts'
import { table } from '../terminal/table.ts'
import type { Outcome } from './comparison.ts'
import type { Narrator } from './narrator.ts'
import { busiest, type Span, spansOf, strip } from './timeline.ts'

const MODELS = 5
const NAME = 13

/** The runs as timelines on one scale, so that their lengths can be compared by eye, and then as numbers. */
export function showComparison(narrator: Narrator, outcomes: readonly Outcome[]): void {
  const runs = outcomes.map((outcome) => ({ ...outcome, spans: spansOf(outcome.events) }))
  const longest = Math.max(...runs.map(({ spans }) => lengthOf(spans)))
  const names = busiest(runs[0]?.spans ?? [], MODELS)
  const cells = Math.min(narrator.frame.width, 90) - NAME - 4
  for (const { title, spans, report } of runs) {
    narrator.say(['', `   ${narrator.frame.colors.bold(title)}  ${duration(report.elapsedMs)}`])
    narrator.say(drawn(narrator, spans, names, longest / cells))
  }
  narrator.say(['', ...figures(narrator, outcomes)])
}

const beginOf = (spans: readonly Span[]): number => Math.min(...spans.map(({ from }) => from))
const lengthOf = (spans: readonly Span[]): number => Math.max(...spans.map(({ to }) => to)) - beginOf(spans)

function drawn(
  narrator: Narrator,
  spans: readonly Span[],
  names: readonly string[],
  perCell: number,
): readonly string[] {
  const { dim, cyan } = narrator.frame.colors
  const begin = beginOf(spans)
  const cells = Math.max(1, Math.ceil(lengthOf(spans) / perCell))
  return names.map((name) => {
    const own = spans.filter(({ models }) => models.includes(name))
    return `   ${dim(name.padEnd(NAME))}${cyan(strip(own, begin, perCell, cells))}`
  })
}

function figures(narrator: Narrator, outcomes: readonly Outcome[]): readonly string[] {
  const rows = outcomes.map(({ title, report, events }) => [
    title,
    duration(report.elapsedMs),
    duration(report.lowerBoundMs),
    (report.elapsedMs / report.lowerBoundMs).toFixed(3),
    duration(meanWaitMs(spansOf(events))),
    report.maxConcurrent,
  ])
  return table(['policy', 'makespan', 'lower bound', 'ratio', 'mean wait', 'at once'], rows, {
    heading: narrator.frame.colors.dim,
    indent: '   ',
    right: [1, 2, 3, 4, 5],
  })
}

/** From `queued` to `started`. */
function meanWaitMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { queuedAt, from }) => sum + from - queuedAt, 0) / spans.length / 1_000
}
