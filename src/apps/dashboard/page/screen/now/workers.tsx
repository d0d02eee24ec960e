import { type Ledger, saidBy } from '../../../../../engine/core/index.ts'
import { count, plural } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { Loaded, None } from '../../part/load.tsx'
import { Since } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'

/** The processes that are alive now. The log does not know those of the past. */
export function Workers() {
  const { live, shown } = usePage()
  if (!shown.isLive.value)
    return (
      <Panel id="workers" title="Workers">
        <None>The log does not say which workers were alive then.</None>
      </Panel>
    )
  const known = live.workers.value
  if (known === null)
    return (
      <Panel id="workers" title="Workers">
        <Loaded of={{ state: 'loading' }}>{() => null}</Loaded>
      </Panel>
    )
  const workers = known.filter(({ state }) => state !== 'dead')
  return (
    <Panel id="workers" title="Workers" aside={count(workers.length)}>
      {workers.length === 0 ? <None>No worker is alive.</None> : null}
      <WindowedList
        label="The workers"
        count={workers.length}
        rowHeight={44}
        row={(index) => {
          const worker = workers[index]
          if (worker === undefined) return null
          const { workerId, freeSlots, kinds, state, beatAt } = worker
          return (
            <li key={workerId} data-worker={workerId}>
              <div class="two">
                <Link class="job" to={{ see: 'list', q: `events ${workerId}` }}>
                  {workerId}
                </Link>
                <span class="under dim">
                  {[
                    kinds === null ? 'every kind' : kinds.join(', ') || 'runs no jobs',
                    ...saidOf(live.ledger.value, workerId),
                  ].join('; ')}
                </span>
              </div>
              <div class="two right">
                <span>{state === 'live' ? plural(freeSlots, 'free slot') : 'takes no jobs'}</span>
                <span class={state === 'live' ? 'under dim' : 'under warn'}>
                  {state}, heartbeat <Since at={beatAt} /> ago
                </span>
              </div>
            </li>
          )
        }}
      />
    </Panel>
  )
}

/** What the process has said of itself, if it has. */
function saidOf(ledger: Ledger, workerId: string): readonly string[] {
  const { serves, keeps } = saidBy(ledger, workerId)
  return [
    ...(serves === null ? [] : [`serves ${serves.join(', ') || 'no place'}`]),
    ...(keeps === null ? [] : [`keeps ${plural(keeps, 'model')}`]),
  ]
}
