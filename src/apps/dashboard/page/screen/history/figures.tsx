import { count, duration } from '../../../../../tools/format/index.ts'
import type { RankedShares, Stats } from '../../../../../tools/insight/index.ts'
import { Collector } from '../../../../../tools/insight/stats/collector.ts'
import { statsOf } from '../../../../../tools/insight/stats/stats.ts'
import type { LoadedPeriod } from '../../data/period.ts'
import { turn } from '../../frame/turn.ts'
import { Bars } from '../../part/bars.tsx'
import { Chart } from '../../part/chart.tsx'
import { FailureBars } from '../../part/failures.tsx'
import { None } from '../../part/load.tsx'
import { Figure, Panel } from '../../part/panel.tsx'

/** How long jobs waited and for what, how busy the models were, and how that changed over time. */
export function Figures({ stats }: { readonly stats: Stats }) {
  const { waiting, running, counts, perSlice, split, models, blocked, mostWaiting } = stats
  const [from, to] = [Date.parse(stats.from) / 1_000, Date.parse(stats.to) / 1_000]
  const all = split.reduce((sum, { ms }) => sum + ms, 0)
  const perMinute = stats.completedPerMinute
  const ofSome = (of: number, ms: number) => (of === 0 ? '—' : duration(ms))
  return (
    <>
      <section class="totals wide" aria-label="Waiting">
        <div class="figures-row">
          <Figure name="median wait" value={ofSome(waiting.count, waiting.p50)} />
          <Figure name="95 % waited up to" value={ofSome(waiting.count, waiting.p95)} />
          <Figure
            name="longest wait"
            value={ofSome(waiting.count, waiting.max)}
            note={`of ${count(waiting.count)}`}
          />
          <Figure name="median run" value={ofSome(running.count, running.p50)} />
          <Figure name="longest line" value={count(mostWaiting)} />
          <Figure
            name="completed per minute"
            value={perMinute >= 100 ? count(Math.round(perMinute)) : perMinute.toFixed(1)}
          />
        </div>
      </section>
      <Panel id="over-time" title="Over time" wide>
        <Chart
          label="Jobs"
          from={from}
          to={to}
          series={[
            { name: 'waiting', values: perSlice.waiting, color: '--accent', isFilled: true },
            { name: 'running', values: perSlice.active, color: '--text' },
          ]}
        />
        <Chart
          label={`Jobs that ended, per ${duration(stats.sliceSeconds * 1_000)}`}
          from={from}
          to={to}
          series={[
            { name: 'completed', values: perSlice.completed, color: '--accent' },
            { name: 'failed', values: perSlice.failed, color: '--bad' },
          ]}
        />
      </Panel>
      <Panel id="split" title="What jobs waited for" aside={duration(all)}>
        {all === 0 ? <None>No job waited.</None> : null}
        <Bars
          label="Waiting by cause"
          rows={split
            .toSorted((a, b) => b.ms - a.ms)
            .map(({ name, ms }) => ({ name: name.replace('_', ' '), part: ms / all, text: duration(ms) }))}
        />
        <p class="dim">All waiting in that time. The parts add up to the whole.</p>
      </Panel>
      <Panel id="ends" title="Outcomes">
        <Bars
          label="Jobs by outcome"
          rows={(['completed', 'failed', 'cancelled', 'expired', 'requeued'] as const).map((name) => ({
            name,
            part: counts[name] / Math.max(1, counts.queued, counts.started),
            text: count(counts[name]),
            note: '',
          }))}
        />
        <p class="dim">
          {count(counts.queued)} queued, {count(counts.started)} started.
        </p>
      </Panel>
      <Panel id="use" title="Models in use">
        {models.length === 0 ? <None>No model was used.</None> : null}
        <Bars
          label="Use of models"
          rows={models.slice(0, 20).map(({ model, utilisation, attempts }) => ({
            name: model,
            part: utilisation,
            text: `${(utilisation * 100).toFixed(1)} %`,
            note: `${count(attempts)} attempts`,
          }))}
        />
      </Panel>
      <Panel id="failed" title="Failed attempts">
        <FailureBars of={stats.failures} most={20} />
      </Panel>
      {stats.keys === null ? null : <Customers shares={stats.keys} />}
      <Panel id="blocked" title="Waiting for models">
        {blocked.byModel.length === 0 ? <None>No job waited for a model.</None> : null}
        <Bars
          label="Waiting by model"
          rows={blocked.byModel.slice(0, 20).map(({ name, ms }) => ({
            name,
            part: ms / (blocked.byModel[0]?.ms ?? 1),
            text: duration(ms),
            note: '',
          }))}
        />
      </Panel>
    </>
  )
}

/** Who used the models, and how long their jobs waited. */
function Customers({ shares: { top, others } }: { readonly shares: RankedShares }) {
  const all = [
    ...top.map((share) => ({ ...share, name: share.name ?? 'without a fair key' })),
    ...(others === null ? [] : [{ ...others, name: `${count(others.names)} others` }]),
  ]
  const used = all.reduce((sum, { seconds }) => sum + seconds, 0)
  return (
    <Panel id="customers" title="Fair keys">
      <Bars
        label="Use of models by fair key"
        rows={all.map(({ name, queued, seconds, waiting }) => ({
          name,
          part: seconds / Math.max(1, used),
          text: `${count(queued)} queued`,
          note: `waited ${waiting.count === 0 ? '—' : duration(waiting.p50)}`,
        }))}
      />
      <p class="dim">The bars say how much they used the models; half of the jobs waited no longer.</p>
    </Panel>
  )
}

/** The figures of the loaded events: the same as those of `interlock stats`. Null: of none. */
export async function measured(
  queue: string,
  found: LoadedPeriod | null,
  signal: AbortSignal,
): Promise<Stats | null> {
  if (found === null) return null
  const { before, events, period } = found
  const collector = new Collector({ from: period.from, to: period.to, count: 96 }, before)
  let n = 0
  for (const event of events) {
    collector.push(event)
    if (++n % 200 === 0) await turn(signal)
  }
  return statsOf(queue, collector, collector.finish())
}
