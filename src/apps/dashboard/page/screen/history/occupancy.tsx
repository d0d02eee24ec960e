import { signal, useComputed } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { count } from '../../../../../tools/format/index.ts'
import { chosen, chosenPeriod, panned, type ShownPeriod, zoomed } from '../../data/period.ts'
import { type ModelTime, spansOf } from '../../data/spans.ts'
import { usePage } from '../../frame/context.ts'
import { addKeys } from '../../frame/keys.ts'
import { route } from '../../frame/route.ts'
import { seconds } from '../../frame/time.ts'
import { Choices } from '../../part/choices.tsx'
import { Filter } from '../../part/filter.tsx'
import { None } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { type Order, orders, rowsIn } from './order.ts'
import { Rows } from './rows.tsx'

/** A row per model: who held it when, and how long its line was. */
export function Occupancy({ isLoaded }: { readonly isLoaded: boolean }) {
  const page = usePage()
  const rows = useRows()
  const period = useComputed(() => {
    void seconds.value
    return chosenPeriod(page)
  })
  const change = (next: (now: ShownPeriod) => ShownPeriod) => {
    chosen.value = next(chosenPeriod(page))
  }
  useEffect(
    () =>
      addKeys([
        { key: '+', does: 'zoom in', run: () => change((now) => zoomed(now, 0.5)) },
        { key: '-', does: 'zoom out', run: () => change((now) => zoomed(now, 2)) },
        { key: '0', does: 'the last hour again', run: () => (chosen.value = '1 h') },
      ]),
    [],
  )
  return (
    <Panel
      id="occupancy"
      title="Occupancy"
      wide
      aside={
        <span class="buttons">
          <button type="button" aria-label="Earlier" onClick={() => change((now) => panned(now, -0.5))}>
            ←
          </button>
          <button type="button" aria-label="Later" onClick={() => change((now) => panned(now, 0.5))}>
            →
          </button>
          <button type="button" aria-label="Zoom out" onClick={() => change((now) => zoomed(now, 2))}>
            −
          </button>
          <button type="button" aria-label="Zoom in" onClick={() => change((now) => zoomed(now, 0.5))}>
            +
          </button>
        </span>
      }
    >
      <Which found={rows.value.length} />
      {rows.value.length > 0 || !isLoaded ? null : (
        <None>
          {(route.value.q ?? '') === ''
            ? 'No loaded job needed a model.'
            : 'No model has this text in its name.'}
        </None>
      )}
      <Rows rows={rows.value} period={period.value} change={change} />
    </Panel>
  )
}

/** How the rows are ordered: it stays while somebody goes to another screen and comes back. */
const order = signal<Order>('by name')

/** Which models are shown, and in which order. */
function Which({ found }: { readonly found: number }) {
  return (
    <div class="row bar">
      <Filter label="Filter the models" placeholder="Part of a model's name" />
      <Choices
        label="Order"
        all={orders}
        chosen={order.value}
        onChoose={(wanted) => (order.value = wanted)}
      />
      <span class="dim" data-rows={found}>
        {count(found)}
      </span>
    </div>
  )
}

/** Their order is made again a few times a second at most; what they say is always of now. */
function useRows() {
  const { live, shown } = usePage()
  const models = useComputed(() => {
    const ledger = shown.calm.value
    void live.base.value
    const { model, q } = route.value
    const spans = spansOf(live.replica, live.generation.value)
    return rowsIn([...spans.models.values()], ledger, { first: model, text: q ?? '', order: order.value })
  })
  return useComputed((): readonly ModelTime[] => {
    void live.version.value
    void spansOf(live.replica, live.generation.value)
    return [...models.value]
  })
}
