import { useComputed, useSignal } from '@preact/signals'
import { count } from '../../../../format/index.ts'
import { ask } from '../../data/levers.ts'
import { useDesk } from '../../frame/context.ts'
import { ModelLink } from '../../part/names.tsx'
import { None, Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'
import { type ModelRow, modelRows } from '../now/models.tsx'

/** Pauses and resumes models, and sets how many places each has. */
export function ModelLevers() {
  const { shown } = useDesk()
  const rows = useComputed(() => modelRows(shown.calm.value))
  return (
    <Panel id="model-levers" title="Models" aside={count(rows.value.length)}>
      {rows.value.length === 0 ? <None>No job needs a model.</None> : null}
      <WindowedList
        label="The models, to pause or give places"
        count={rows.value.length}
        rowHeight={44}
        row={(index) => {
          const row = rows.value[index]
          return row === undefined ? null : <Row key={row.model} row={row} />
        }}
      />
    </Panel>
  )
}

function Row({ row: { model, held, waiting, capacity, pause } }: { readonly row: ModelRow }) {
  const { me, live } = useDesk()
  const places = useSignal<string | null>(null)
  const may = new Set(me.levers)
  const wish = (lever: 'pause-model' | 'resume-model', title: string, body: Record<string, unknown>) =>
    void ask(live.queue, { lever, title, body: { model, ...body } })
  return (
    <li data-model={model}>
      <div class="two">
        <ModelLink name={model} />
        <span class={pause === null ? 'under dim' : 'under warn'}>
          {pause === null ? `${count(held)} held, ${count(waiting)} in line` : `paused (${pause.reason})`}
        </span>
      </div>
      <span class="right buttons">
        {may.has('capacity') ? (
          <form
            class="row"
            onSubmit={(event) => {
              event.preventDefault()
              const wanted = Number(places.value ?? capacity)
              const title = `Give ${model} ${wanted} ${wanted === 1 ? 'place' : 'places'}`
              void ask(live.queue, { lever: 'capacity', title, body: { model, capacity: wanted } })
            }}
          >
            <label>
              <span class="hidden">Places of {model}</span>
              <input
                type="number"
                class="short"
                min={1}
                max={1_000_000}
                value={places.value ?? capacity}
                onInput={(event) => (places.value = event.currentTarget.value)}
              />
            </label>
            <button type="submit">Set</button>
          </form>
        ) : (
          <span class="dim">{count(capacity)} places</span>
        )}
        {pause === null && may.has('pause-model') ? (
          <button type="button" onClick={() => wish('pause-model', `Pause ${model}`, { reason: 'by_hand' })}>
            Pause…
          </button>
        ) : null}
        {pause !== null && may.has('resume-model') ? (
          <button type="button" onClick={() => wish('resume-model', `Resume ${model}`, {})}>
            Resume…
          </button>
        ) : null}
      </span>
    </li>
  )
}
