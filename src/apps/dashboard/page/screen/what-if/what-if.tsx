import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { count, duration, plural } from '../../../../../tools/format/index.ts'
import type { WhatIf as Found } from '../../../../../tools/insight/index.ts'
import type { Recorded } from '../../../../../tools/insight/what-if/tried.ts'
import { usePage } from '../../frame/context.ts'
import { Chart } from '../../part/chart.tsx'
import { Loaded, messageOf, None } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { PeriodBar, usePeriod } from '../../part/period.tsx'
import { Scroll } from '../../part/scroll.tsx'
import { Rules } from './rules.tsx'
import { type RuleChange, recorded, trialOf, tried, unchanged } from './trial.ts'

/** What other rules would have changed: move a slider and see. */
export function WhatIf() {
  const { live } = usePage()
  const change = useSignal<RuleChange>(unchanged)
  const of = usePeriod((found, signal) =>
    found === null ? 'Nothing happened in that time.' : recorded(found, live.workers.peek(), signal),
  )
  return (
    <div class="grid">
      <PeriodBar />
      <Loaded of={of}>
        {(found) =>
          typeof found === 'string' ? (
            <None>{found}</None>
          ) : (
            <>
              <Rules of={found} change={change} />
              <Outcomes of={found} change={change.value} />
            </>
          )
        }
      </Loaded>
    </div>
  )
}

function Outcomes({ of, change }: { readonly of: Recorded; readonly change: RuleChange }) {
  const { live } = usePage()
  const found = useSignal<Found | string | null>(null)
  const isBusy = useSignal(false)
  const wanted = useRef(0)
  useEffect(() => {
    const own = ++wanted.current
    isBusy.value = true
    void tried(live.queue, of, trialOf(change, of))
      .then((result): Found | string => result, messageOf)
      .then((result) => {
        if (own !== wanted.current) return
        found.value = result
        isBusy.value = false
      })
  }, [of, change, live])
  if (found.value === null)
    return (
      <Loaded of={{ state: 'loading' }} says="Simulating…">
        {() => null}
      </Loaded>
    )
  if (typeof found.value === 'string') return <p class="warn wide">{found.value}</p>
  const { outcomes, jobs, leftOut, sliceSeconds } = found.value
  const happened = outcomes[0]?.makespanMs ?? 0
  const from = (of.lives[0]?.arrivedAt ?? of.period.from) / 1_000_000
  const isLoading = outcomes.some(({ loads }) => loads !== null)
  const isRefusing = outcomes.some(({ refused }) => refused > 0)
  const colors = ['--text', '--dim', '--accent']
  return (
    <Panel
      id="outcomes"
      title={`${plural(jobs, 'job')}${leftOut === 0 ? '' : `, without ${count(leftOut)} that had not ended`}`}
      wide
      aside={isBusy.value ? <span class="dim">simulating…</span> : null}
    >
      <Scroll label="Outcomes">
        <table class="outcomes" data-busy={isBusy.value}>
          <thead>
            <tr>
              <th scope="col">rules</th>
              {[...heads, ...(isLoading ? ['loads'] : []), ...(isRefusing ? ['refused'] : [])].map((name) => (
                <th key={name} scope="col" class="value">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {outcomes.map(({ name, waiting, makespanMs, maxConcurrent, loads, refused }, index) => (
              <tr key={name} data-outcome={name} class={index === 2 ? 'this' : ''}>
                <th scope="row">{titles[name] ?? name}</th>
                {[waiting.mean, waiting.p50, waiting.p95, waiting.max, makespanMs].map((ms, at) => (
                  <td key={at} class="value" data-ms={ms}>
                    {duration(ms)}
                  </td>
                ))}
                <td class="value">
                  {happened === 0 ? '—' : `${((makespanMs / happened) * 100).toFixed(0)} %`}
                </td>
                <td class="value">{count(maxConcurrent)}</td>
                {isLoading ? <td class="value">{loads === null ? '—' : count(loads.loads)}</td> : null}
                {isRefusing ? <td class="value">{count(refused)}</td> : null}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Chart
        label="Jobs that wait"
        from={from}
        to={from + sliceSeconds * (outcomes[0]?.perSlice.waiting.length ?? 0)}
        series={outcomes.map(({ name, perSlice }, index) => ({
          name: index === 2 && name === 'simulated' ? 'tried' : (titles[name] ?? name),
          values: perSlice.waiting,
          color: colors[index] ?? '--dim',
          isFilled: index === 0,
          isDashed: index === 1,
        }))}
      />
      <Deviation of={outcomes} />
      <p class="dim">
        Simulated: the same jobs come at the same times and run as long as before. Nothing else takes time.
      </p>
    </Panel>
  )
}

/** How far the simulation is from what happened: a trial is as far off. */
function Deviation({ of: [happened, same] }: { readonly of: Found['outcomes'] }) {
  if (happened === undefined || same === undefined) return null
  const off = (was: number, is: number) =>
    was === 0 ? '—' : `${is >= was ? '+' : '−'}${Math.abs((is / was - 1) * 100).toFixed(0)} %`
  return (
    <p data-error>
      The same, simulated, differs from what happened: mean wait{' '}
      <b>{off(happened.waiting.mean ?? 0, same.waiting.mean ?? 0)}</b>, makespan{' '}
      <b>{off(happened.makespanMs, same.makespanMs)}</b>. Expect as much of a trial, and compare it with the
      same, simulated.
    </p>
  )
}

const heads = ['mean wait', 'median', '95 %', 'longest', 'makespan', 'compared', 'at once']

const titles: Readonly<Record<string, string>> = {
  happened: 'what happened',
  simulated: 'the same, simulated',
}
