import { useComputed } from '@preact/signals'
import {
  capacityOf,
  countsOf,
  isMeter,
  isPattern,
  isSite,
  type Ledger,
  modelOf,
  pauseOf,
  placeViews,
  rateOf,
  siteOf,
  unitsText,
} from '../../../../../engine/core/index.ts'
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
  /** Who comes next may have it. */
  readonly isFree: boolean
  readonly holders: readonly string[]
  readonly waiting: number
  readonly capacity: number
  readonly pause: {
    readonly reason: string
    readonly by: string | null
    readonly until: number | null
  } | null
  /** Its rate; of a place what is left of its units, and that nobody serves it. */
  readonly rate: string | null
}

/** Every model that a job needs or that is paused, the longest line first, and every model that has places. */
export function modelRows(ledger: Ledger): readonly ModelRow[] {
  const pauses = new Map([...ledger.pauses].map((pause) => [pause.model, pause]))
  const rows: ModelRow[] = []
  const hasPlaces = (model: string) => typeof ledger.policy.capacity[model] === 'object'
  const add = (model: string, held: number, holders: readonly string[], waiting: number) => {
    const rate = rateOf(ledger.policy, model)
    const pause = pauses.get(model) ?? null
    rows.push({
      model,
      held,
      isFree: held === 0 && !hasPlaces(model) && pause === null,
      holders,
      pause,
      capacity: capacityOf(ledger.policy, model),
      waiting: waiting + (pause?.jobs.size ?? 0),
      rate: rate === undefined ? null : `${rate.starts} starts in ${rate.perSeconds} s`,
    })
    pauses.delete(model)
  }
  for (const { model, holders, line } of ledger.models)
    if (!isMeter(model) && !isSite(model) && !hasPlaces(model))
      add(model, holders.size, firstOf(holders), line.size)
  for (const model of Object.keys(ledger.policy.capacity).filter(hasPlaces)) {
    const { held, waiting } = countsOf(ledger, model)
    if (!isPattern(model)) add(model, held, [], waiting)
  }
  for (const { place } of placeViews(ledger)) pauses.delete(place)
  for (const { model } of [...pauses.values()]) add(model, 0, [], 0)
  return rows.sort((a, b) => b.waiting - a.waiting || b.held - a.held || (a.model < b.model ? -1 : 1))
}

function firstOf(holders: ReturnType<typeof modelOf>['holders']): readonly string[] {
  const ids = Array.from({ length: SHOWN_HOLDERS }, (_, at) => holders.at(at)?.jobId)
  return ids.filter((id) => id !== undefined)
}

/** Every place of the policy: which are busy, free or broken? */
export const placeRows = (ledger: Ledger): readonly ModelRow[] =>
  placeViews(ledger).map(({ place, state, held, waiting, left }) => {
    const notes = [
      ...(state === 'unserved' ? ['no process serves it'] : []),
      ...(left === null ? [] : [`${unitsText(left)} left`]),
    ]
    return {
      model: place,
      held,
      waiting,
      isFree: state === 'free',
      capacity: 1,
      pause: pauseOf(ledger, place) ?? null,
      holders: firstOf(modelOf(ledger, siteOf(place)).holders),
      rate: notes.join(', ') || null,
    }
  })

export function Models() {
  const { shown } = usePage()
  const models = useComputed(() => modelRows(shown.calm.value))
  const places = useComputed(() => placeRows(shown.calm.value))
  return (
    <>
      {places.value.length === 0 ? null : <Rows id="cards" title="Places" rows={places.value} />}
      <Rows id="models" title="Models" rows={models.value} />
    </>
  )
}

function Rows({
  id,
  title,
  rows,
}: {
  readonly id: string
  readonly title: string
  readonly rows: readonly ModelRow[]
}) {
  const { shown } = usePage()
  return (
    <Panel id={id} title={title} aside={count(rows.length)}>
      {rows.length === 0 ? <None>No job needs a model.</None> : null}
      <div data-models={shown.calm.value.version}>
        <WindowedList
          label={`The ${title.toLowerCase()}`}
          count={rows.length}
          rowHeight={ROW}
          row={(index) => {
            const row = rows[index]
            return row === undefined ? null : <Row key={row.model} row={row} />
          }}
        />
      </div>
    </Panel>
  )
}

function Row({
  row: { model, held, isFree, holders, waiting, capacity, pause, rate },
}: {
  readonly row: ModelRow
}) {
  return (
    <li data-model={model} data-held={held} data-waiting={waiting}>
      <div class="two">
        <ModelLink name={model} />
        <span class="under">
          {isFree ? <span class="dim">free</span> : null}
          {holders.map((id) => (
            <JobLink key={id} id={id} />
          ))}
          {held > holders.length || (held === 0 && !isFree) ? (
            <span class="dim">
              {holders.length === 0 ? `${count(held)} in use` : `and ${count(held - holders.length)} more`}
            </span>
          ) : null}
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
          {pause === null || rate === null ? rate : `, ${rate}`}
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
