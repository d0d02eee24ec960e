import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { count, duration } from '../../../../format/index.ts'
import type { Stats } from '../../../../insight/index.ts'
import type { Length } from '../../data/period.ts'
import { usePage } from '../../frame/context.ts'
import { Bars } from '../../part/bars.tsx'
import { Chart } from '../../part/chart.tsx'
import { Lengths } from '../../part/lengths.tsx'
import { Figure, None, Panel } from '../../part/panel.tsx'
import { Reach } from '../../part/reach.tsx'
import { measured } from './measure.ts'

/** How often to measure again, in milliseconds. */
const AGAIN_MS = 5_000

/** How long jobs waited and for what, how busy the models were, and how that changed over time. */
export function Figures() {
  const { live, shown } = usePage()
  const length = useSignal<Length>('1 h')
  const found = useSignal<Stats | null>(null)
  useEffect(() => void live.readBack(live.version.peek() - 20_000).catch(() => {}), [live])
  const at = shown.isLive.value ? null : shown.ledger.value.version
  useEffect(() => {
    let isOver = false
    const look = async () => {
      const ledger = shown.ledger.peek()
      const stats = await measured(live, length.peek(), {
        seq: ledger.version,
        at: Math.max(ledger.lastAt, shown.now()),
      })
      if (!isOver) found.value = stats
    }
    void look()
    const timer = at === null ? setInterval(() => void look(), AGAIN_MS) : 0
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [length.value, at, live.base.value])
  const stats = found.value
  return (
    <div class="grid figures">
      <div class="wide row bar">
        <Lengths value={length} />
        <span class="grow" />
        <Reach />
      </div>
      {stats === null ? <None>Nothing has happened in that time.</None> : <Measured stats={stats} />}
    </div>
  )
}

function Measured({ stats }: { readonly stats: Stats }) {
  const { waiting, running, counts, perSlice, split, models, blocked, mostWaiting } = stats
  const [from, to] = [Date.parse(stats.from) / 1_000, Date.parse(stats.to) / 1_000]
  const all = split.reduce((sum, { ms }) => sum + ms, 0)
  const perMinute = stats.completedPerMinute
  return (
    <>
      <section class="totals wide" aria-label="Waiting">
        <div class="figures-row">
          <Figure name="waited, half" value={duration(waiting.p50)} />
          <Figure name="95 %" value={duration(waiting.p95)} />
          <Figure name="at most" value={duration(waiting.max)} note={`of ${count(waiting.count)}`} />
          <Figure name="ran, half" value={duration(running.p50)} />
          <Figure name="longest line" value={count(mostWaiting)} />
          <Figure
            name="completed a minute"
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
          label={`Ends, each ${duration(stats.sliceSeconds * 1_000)}`}
          from={from}
          to={to}
          series={[
            { name: 'completed', values: perSlice.completed, color: '--accent' },
            { name: 'failed', values: perSlice.failed, color: '--bad' },
          ]}
        />
      </Panel>
      <Panel id="split" title="What was waited for" aside={duration(all)}>
        {all === 0 ? <None>Nobody waited.</None> : null}
        <Bars
          label="Waiting by cause"
          rows={split
            .toSorted((a, b) => b.ms - a.ms)
            .map(({ name, ms }) => ({ name: name.replace('_', ' '), part: ms / all, text: duration(ms) }))}
        />
        <p class="dim">
          All waiting of that time, from coming into the queue to the start; the parts come to the whole.
        </p>
      </Panel>
      <Panel id="ends" title="How it went">
        <Bars
          label="Ends by outcome"
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
      <Panel id="blocked" title="Waited on a model">
        {blocked.byModel.length === 0 ? <None>Nobody did.</None> : null}
        <Bars
          label="Blocked time by model"
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
