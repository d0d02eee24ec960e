import { useComputed } from '@preact/signals'
import { capacityOf, isMeter, type Ledger, plainName, rateOf } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { None } from '../../part/load.tsx'
import { JobLink, ModelLink, Until } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'

const ROW = 44
const SHOWN_HOLDERS = 3

export interface ModelRow {
  readonly model: string
  readonly held: number
  readonly holders: readonly string[]
  readonly waiting: number
  readonly capacity: number
  readonly pause: {
    readonly reason: string
    readonly by: string | null
    readonly until: number | null
  } | null
  readonly rate: string | null
}

/** Every model that a job needs or that is paused, the longest line first. */
export function modelRows(ledger: Ledger): readonly ModelRow[] {
  const pauses = new Map([...ledger.pauses].map((pause) => [pause.model, pause]))
  const rows: ModelRow[] = []
  const add = (name: string, held: number, holders: readonly string[], waiting: number) => {
    const model = plainName(name)
    const rate = rateOf(ledger.policy, model)
    const pause = pauses.get(model) ?? null
    rows.push({
      model,
      held,
      holders,
      pause,
      capacity: capacityOf(ledger.policy, name),
      waiting: waiting + (pause?.jobs.size ?? 0),
      rate: rate === undefined ? null : `${rate.starts} starts in ${rate.perSeconds} s`,
    })
    pauses.delete(model)
  }
  for (const { model, holders, line } of ledger.models) {
    if (isMeter(model)) continue
    const names: string[] = []
    for (let i = 0; i < SHOWN_HOLDERS; i++) {
      const place = holders.at(i)
      if (place !== undefined) names.push(place.jobId)
    }
    add(model, holders.size, names, line.size)
  }
  for (const { model } of [...pauses.values()]) add(model, 0, [], 0)
  return rows.sort((a, b) => b.waiting - a.waiting || b.held - a.held || (a.model < b.model ? -1 : 1))
}

export function Models() {
  const { shown } = usePage()
  const models = useComputed(() => modelRows(shown.calm.value))
  return (
    <Panel id="models" title="Models" aside={count(models.value.length)}>
      {models.value.length === 0 ? <None>No job needs a model.</None> : null}
      <div data-models={shown.calm.value.version}>
        <WindowedList
          label="The models"
          count={models.value.length}
          rowHeight={ROW}
          row={(index) => {
            const row = models.value[index]
            return row === undefined ? null : <Row key={row.model} row={row} />
          }}
        />
      </div>
    </Panel>
  )
}

function Row({ row: { model, held, holders, waiting, capacity, pause, rate } }: { readonly row: ModelRow }) {
  return (
    <li data-model={model} data-held={held} data-waiting={waiting}>
      <div class="two">
        <ModelLink name={model} />
        <span class="under">
          {holders.length === 0 ? <span class="dim">free</span> : null}
          {holders.map((id) => (
            <JobLink key={id} id={id} />
          ))}
          {held > holders.length ? <span class="dim">and {count(held - holders.length)} more</span> : null}
        </span>
      </div>
      <div class="two right">
        <span>
          <Places held={held} capacity={capacity} />
          <span class="line-length">{count(waiting)} waiting</span>
        </span>
        <span class="under dim">
          {pause === null ? null : (
            <span class="warn">
              paused ({pause.reason})
              {pause.until === null ? (
                ''
              ) : (
                <>
                  {', ends '} <Until at={pause.until} />
                </>
              )}
            </span>
          )}
          {rate}
        </span>
      </div>
    </li>
  )
}

/** A box for each place, filled if it is held. */
function Places({ held, capacity }: { readonly held: number; readonly capacity: number }) {
  const label = `${count(held)} of ${count(capacity)} in use`
  if (capacity > 8) return <span class="places">{label}</span>
  return (
    <span class="places" role="img" aria-label={label} title={label}>
      {Array.from({ length: Math.max(capacity, held) }, (_, at) => (
        <i key={at} class={at < held ? 'full' : ''} />
      ))}
    </span>
  )
}
