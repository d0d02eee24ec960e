import sparkly from 'sparkly'
import { count, duration, spanText } from '../../../tools/format/index.ts'
import type { NamedFailures, RankedShares, Stats, Summary } from '../../../tools/insight/index.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'
import { paragraphs, type TextLines } from '../terminal/lines.ts'
import { facts } from '../terminal/table.ts'

const SHOWN = 12

/** Stats for people: the totals, how they changed over time, which models were busy, and what jobs waited for. */
export function statsText(frame: Frame, stats: Stats): readonly string[] {
  const { dim } = frame.colors
  const { counts, perSlice } = stats
  const head = facts(
    [
      ['from', spanText(stats.from, stats.to)],
      ['jobs', `${count(counts.queued)} queued, ${count(counts.started)} started, ${endsText(stats)}`],
      ['rate', `${rate(stats.completedPerMinute)} completed per minute`],
      ['waited', summaryText(stats.waiting)],
      ['ran', summaryText(stats.running)],
      ...(stats.loads === null ? [] : ([['loads', loadsText(stats.loads)]] as const)),
    ],
    dim,
  )
  const overTime = facts(
    [
      ['waiting', `${spark(perSlice.waiting)}  at most ${count(stats.mostWaiting)}`],
      ['active', `${spark(perSlice.active)}  at most ${count(stats.mostActive)}`],
      ['completed', `${spark(perSlice.completed)}  ${duration(stats.sliceSeconds * 1_000)} a bar`],
      ...(counts.failed > 0 ? ([['failed', spark(perSlice.failed)]] as const) : []),
    ],
    dim,
  )
  return paragraphs([
    head,
    overTime,
    ...modelTable(frame, stats),
    ...failureTable(frame, stats),
    ...resourceTable(frame, stats),
    ...shareTable(frame, 'tier', stats.tiers),
    ...shareTable(frame, 'fair key', stats.keys),
    ...splitTable(frame, stats),
    ...blockedTables(frame, stats),
  ])
}

function endsText({ counts: { completed, failed, cancelled, expired, requeued } }: Stats): string {
  const others = [
    [failed, 'failed'],
    [cancelled, 'cancelled'],
    [expired, 'expired'],
    [requeued, 'retried'],
  ] as const
  const rest = others.filter(([number]) => number > 0).map(([number, what]) => `, ${count(number)} ${what}`)
  return `${count(completed)} completed${rest.join('')}`
}

const summaryText = ({ count: many, mean, p50, p95, max }: Summary): string =>
  many === 0
    ? '—'
    : `mean ${duration(mean)}, half within ${duration(p50)}, 95 % within ${duration(p95)}, at most ${duration(max)}`

function loadsText({ loads, seconds, savedSeconds, passing }: NonNullable<Stats['loads']>): string {
  const passed = passing === 0 ? '' : `, ${count(passing)} starts before others for that`
  return `${count(loads)} models loaded, about ${duration(seconds * 1_000)}; about ${duration(savedSeconds * 1_000)} saved by loaded ones${passed}`
}

const rate = (perMinute: number): string =>
  perMinute >= 100 ? count(Math.round(perMinute)) : perMinute.toFixed(1)

/** Bars from zero, so that a small wave does not look like a storm. */
const spark = (values: readonly number[]): string => sparkly([...values], { minimum: 0 })

function modelTable(frame: Frame, { models }: Stats): readonly TextLines[] {
  if (models.length === 0) return []
  const rows = models
    .slice(0, SHOWN)
    .map(({ model, places, attempts, utilisation, perSlice }) => [
      model,
      places,
      count(attempts),
      `${(utilisation * 100).toFixed(1)} %`,
      sparkly([...perSlice], { minimum: 0, maximum: 1 }),
    ])
  const heads = ['model', 'places', 'attempts', 'in use', '']
  const more = models.length > SHOWN ? [`… and ${models.length - SHOWN} more: --json`] : []
  const give = { model: 16 }
  return [[...grid(frame, heads, rows, { heading: frame.colors.dim, right: [1, 2, 3], give }), ...more]]
}

/** Where attempts failed. */
function failureTable(
  frame: Frame,
  { failures: { byPlace, byWorker, byModel } }: Stats,
): readonly TextLines[] {
  const rowsOf = (what: string, all: readonly NamedFailures[]) =>
    all.slice(0, SHOWN).map(({ name, attempts, failed }) => [what, name, count(failed), count(attempts)])
  const rows = [...rowsOf('place', byPlace), ...rowsOf('worker', byWorker), ...rowsOf('model', byModel)]
  if (rows.length === 0) return []
  const heads = ['failed at', '', 'failed', 'attempts']
  return [grid(frame, heads, rows, { heading: frame.colors.dim, right: [2, 3], give: { '': 16 } })]
}

/** What jobs have used of which resources, beside what they had reserved. */
function resourceTable(frame: Frame, { resources }: Stats): readonly TextLines[] {
  if (resources.length === 0) return []
  const rows = resources
    .slice(0, SHOWN)
    .map(({ resource, reserved, used, overruns }) => [
      resource,
      count(reserved),
      count(used),
      count(overruns),
    ])
  const heads = ['resource', 'reserved', 'used', 'overruns']
  return [grid(frame, heads, rows, { heading: frame.colors.dim, right: [1, 2, 3], give: { resource: 16 } })]
}

/** What fair keys or tiers used, and how long their jobs waited. */
function shareTable(frame: Frame, by: string, shares: RankedShares | null): readonly TextLines[] {
  if (shares === null) return []
  const { top, others } = shares
  const named = top.map((share) => ({ ...share, name: share.name ?? `no ${by}` }))
  const left = others === null ? [] : [{ ...others, name: `${count(others.names)} others` }]
  const rows = [...named, ...left].map(({ name, queued, seconds, waiting: { p50, p95 } }) => [
    name,
    count(queued),
    duration(seconds * 1_000),
    duration(p50),
    duration(p95),
  ])
  const heads = [by, 'queued', 'models used', 'half waited', '95 % waited']
  return [grid(frame, heads, rows, { heading: frame.colors.dim, right: [1, 2, 3, 4], give: { [by]: 16 } })]
}

/** What the waiting time was spent on: each part, and the sum. */
function splitTable(frame: Frame, { split }: Stats): readonly TextLines[] {
  const all = split.reduce((sum, { ms }) => sum + ms, 0)
  if (all === 0) return []
  const rows = [...split]
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ name, ms }) => [name, duration(ms), `${((ms / all) * 100).toFixed(1)} %`])
  const heads = ['waited for', 'in all', 'of it']
  return [
    grid(frame, heads, [...rows, ['together', duration(all), '']], {
      heading: frame.colors.dim,
      right: [1, 2],
      give: {},
    }),
  ]
}

function blockedTables(frame: Frame, { blocked }: Stats): readonly TextLines[] {
  const all = [
    ['waited because', blocked.byReason],
    ['waited on model', blocked.byModel],
    ['waited behind job', blocked.byJob],
  ] as const
  return all
    .filter(([, times]) => times.length > 0)
    .map(([heading, times]) => {
      const rows = times.slice(0, SHOWN).map(({ name, ms }) => [name, duration(ms)])
      return grid(frame, [heading, 'in all'], rows, {
        heading: frame.colors.dim,
        right: [1],
        give: { [heading]: 36 },
      })
    })
}
