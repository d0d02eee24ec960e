import type { RecordedEvent } from '../../../engine/core/index.ts'

/** When a job held its models, in microseconds. */
export interface Span {
  readonly models: readonly string[]
  readonly queuedAt: number
  readonly from: number
  readonly to: number
}

/** The spans of all attempts that ended, from a log. */
export function spansOf(events: readonly RecordedEvent[]): readonly Span[] {
  const queuedAt = new Map<string, number>()
  const begun = new Map<string, { from: number; models: readonly string[] }>()
  const spans: Span[] = []
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
export function busiest(spans: readonly Span[], many: number): readonly string[] {
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
export function strip(spans: readonly Span[], begin: number, perCell: number, cells: number): string {
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
