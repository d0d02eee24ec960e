import type { RecordedEvent } from '../../../engine/core/index.ts'
import { duration } from '../../../tools/format/index.ts'
import { table } from '../terminal/table.ts'
import type { ContenderOutcome } from './comparison.ts'
import type { Narrator } from './narrator.ts'

const MODELS = 5
const NAME = 13

/** The runs as timelines on one scale, so that their lengths can be compared by eye, and then as numbers. */
export function showComparison(narrator: Narrator, outcomes: readonly ContenderOutcome[]): void {
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

const beginOf = (spans: readonly HeldTime[]): number => Math.min(...spans.map(({ from }) => from))
const lengthOf = (spans: readonly HeldTime[]): number =>
  Math.max(...spans.map(({ to }) => to)) - beginOf(spans)

function drawn(
  narrator: Narrator,
  spans: readonly HeldTime[],
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

function figures(narrator: Narrator, outcomes: readonly ContenderOutcome[]): readonly string[] {
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
function meanWaitMs(spans: readonly HeldTime[]): number {
  return spans.reduce((sum, { queuedAt, from }) => sum + from - queuedAt, 0) / spans.length / 1_000
}

/** When a job held its models, in microseconds. */
interface HeldTime {
  readonly models: readonly string[]
  readonly queuedAt: number
  readonly from: number
  readonly to: number
}

/** The spans of all attempts that ended, from a log. */
function spansOf(events: readonly RecordedEvent[]): readonly HeldTime[] {
  const queuedAt = new Map<string, number>()
  const begun = new Map<string, { from: number; models: readonly string[] }>()
  const spans: HeldTime[] = []
  for (const event of events) {
    if (event.type === 'queued') queuedAt.set(event.jobId, event.at)
    else if (event.type === 'started') begun.set(event.jobId, { from: event.at, models: event.models })
    else if (event.type === 'completed') {
      const span = begun.get(event.jobId)
      if (span !== undefined)
        spans.push({ ...span, queuedAt: queuedAt.get(event.jobId) ?? span.from, to: event.at })
    }
  }
  return spans
}

/** The models that are held longest, longest first. */
function busiest(spans: readonly HeldTime[], many: number): readonly string[] {
  const held = new Map<string, number>()
  for (const { models, from, to } of spans) {
    for (const model of models) held.set(model, (held.get(model) ?? 0) + to - from)
  }
  const byLoad = [...held].sort((a, b) => b[1] - a[1])
  return byLoad.slice(0, many).map(([model]) => model)
}

const shades = ['·', '░', '▒', '▓', '█']

/**
 * One character per slice of time: how much of the slice the spans fill. Spans of one model never overlap (that is what the queue
 * is for), so their sum is the share.
 */
function strip(spans: readonly HeldTime[], begin: number, perCell: number, cells: number): string {
  const filled = new Array<number>(cells).fill(0)
  for (const { from, to } of spans) {
    const last = Math.min(cells - 1, Math.floor((to - begin) / perCell))
    for (let cell = Math.max(0, Math.floor((from - begin) / perCell)); cell <= last; cell++) {
      const start = begin + cell * perCell
      filled[cell] = (filled[cell] ?? 0) + Math.min(to, start + perCell) - Math.max(from, start)
    }
  }
  return filled.map((micros) => shades[Math.min(4, Math.ceil((micros / perCell) * 4 - 0.05))] ?? '█').join('')
}
