import { type Signal, signal, useComputed, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { MICROS_PER_SECOND } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { type ModelTime, spansOf } from '../../data/spans.ts'
import { usePage } from '../../frame/context.ts'
import { addKeys } from '../../frame/keys.ts'
import { route } from '../../frame/route.ts'
import { seconds } from '../../frame/time.ts'
import { Choices } from '../../part/choices.tsx'
import { Filter } from '../../part/filter.tsx'
import { Loaded, None } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { Reach, useHistory } from '../../part/reach.tsx'
import { panned, type View, zoomed } from '../../part/view.ts'
import { Differences } from './differences.tsx'
import { type Order, orders, rowsIn } from './order.ts'
import { Rows } from './rows.tsx'

const FIRST: number = 600 * MICROS_PER_SECOND

/** A row per model: who held it when, and how long its line was. */
export function Time() {
  const view = useSignal<View | null>(null)
  const history = useHistory(5_000)
  const rows = useRows()
  const shown = useView(view)
  const change = (next: (view: View) => View) => (view.value = next(shown.value))
  useEffect(
    () =>
      addKeys([
        { key: '+', does: 'zoom in', run: () => change((now) => zoomed(now, 0.5)) },
        { key: '-', does: 'zoom out', run: () => change((now) => zoomed(now, 2)) },
        { key: '0', does: 'follow the end of the log', run: () => (view.value = null) },
      ]),
    [],
  )
  return (
    <div class="grid">
      {route.value.than === null ? null : <Differences than={route.value.than} />}
      <Panel
        id="time"
        title="Time"
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
            <button type="button" aria-pressed={view.value === null} onClick={() => (view.value = null)}>
              Follow
            </button>
          </span>
        }
      >
        <Which found={rows.value.length} />
        {rows.value.length > 0 ? null : (
          <Loaded of={history}>
            {() => (
              <None>
                {(route.value.q ?? '') === ''
                  ? 'No loaded job needed a model.'
                  : 'No model has this text in its name.'}
              </None>
            )}
          </Loaded>
        )}
        <Rows rows={rows.value} view={shown.value} change={change} />
        <Reach />
      </Panel>
    </div>
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
        onChoose={(chosen) => (order.value = chosen)}
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

/** The period that the user chose; else the last ten minutes, or those before the moment that is shown. */
function useView(chosen: Signal<View | null>) {
  const { live, shown } = usePage()
  return useComputed((): View => {
    if (chosen.value !== null) return chosen.value
    void seconds.value
    void live.base.value
    const end = shown.isLive.value
      ? Math.max(live.now(), shown.ledger.value.lastAt)
      : shown.ledger.value.lastAt
    const first = live.replica.event(live.replica.base + 1)?.at ?? end - FIRST
    const length = Math.min(FIRST, Math.max(MICROS_PER_SECOND, end - first))
    const beyond = shown.isLive.value ? 0.02 : 0.2
    return { from: end - length * (1 - beyond), to: end + length * beyond }
  })
}
