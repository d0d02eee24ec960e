import { useComputed } from '@preact/signals'
import { count, plural } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { route } from '../../frame/route.ts'
import { PauseButton } from '../../part/lever-button.tsx'
import { None } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'
import { type ModelRow, modelRows } from '../now/models.tsx'
import { OneModel } from './one-model.tsx'

/** Pauses and resumes models. The chosen one can also be given places, a rate, and a pause with a reason. */
export function ModelLevers() {
  const { shown } = usePage()
  const rows = useComputed(() => modelRows(shown.calm.value))
  const { model } = route.value
  return (
    <div class="column">
      <Panel id="model-levers" title="Models" aside={count(rows.value.length)}>
        {rows.value.length === 0 ? <None>No job needs a model.</None> : null}
        <WindowedList
          label="The models, to pause or choose"
          count={rows.value.length}
          rowHeight={44}
          row={(index) => {
            const row = rows.value[index]
            return row === undefined ? null : <Row key={row.model} row={row} isChosen={row.model === model} />
          }}
        />
      </Panel>
      {model === null ? null : <OneModel key={model} model={model} />}
    </div>
  )
}

function Row({ row, isChosen }: { readonly row: ModelRow; readonly isChosen: boolean }) {
  const { model, held, waiting, capacity, pause, rate } = row
  return (
    <li data-model={model} class={isChosen ? 'here' : ''}>
      <div class="two">
        <Link
          class="model"
          to={{ model: isChosen ? null : model }}
          title={`Places, rate and pause of ${model}`}
          aria-current={isChosen ? 'true' : undefined}
        >
          {model}
        </Link>
        <span class={pause === null ? 'under dim' : 'under warn'}>
          {pause === null ? `${count(held)} held, ${count(waiting)} in line` : `paused (${pause.reason})`}
        </span>
      </div>
      <div class="two right">
        <span class="dim">{plural(capacity, 'place')}</span>
        <span class="under">{rate}</span>
      </div>
      <PauseButton model={model} isPaused={pause !== null} />
    </li>
  )
}
