import { queueStateOf } from '../../../../../engine/core/index.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { DrainButton } from '../../part/lever-button.tsx'
import { None } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { ModelLevers } from './model-levers.tsx'
import { PolicyLevers } from './policy-levers.tsx'
import { Reorder } from './reorder.tsx'

/** What operators can do. Each lever first shows what the log will say, and which jobs move. */
export function Levers() {
  const { me, shown } = usePage()
  if (!shown.isLive.value)
    return (
      <Panel id="levers" title="Levers" wide>
        <p class="none">
          Levers are pulled in the present. <Link to={{ at: null }}>To the present</Link>
        </p>
      </Panel>
    )
  return (
    <div class="grid levers">
      {me.levers.length === 0 ? (
        <p class="wide none" data-role={me.role}>
          You are {me.actor}, a {me.role}: you may look, and change nothing.
        </p>
      ) : null}
      <Queue />
      <Reorder />
      <ModelLevers />
      <PolicyLevers />
    </div>
  )
}

function Queue() {
  const { me, shown } = usePage()
  const state = queueStateOf(shown.ledger.value)
  const isDraining = state.startsWith('draining')
  return (
    <Panel id="queue" title="Queue" wide aside={<DrainButton isDraining={isDraining} />}>
      <p>
        The queue is <b>{state.replace('draining.', '')}</b>.{' '}
        <span class="dim">
          {isDraining
            ? 'No job starts until you resume it.'
            : 'After a drain, no job starts; running jobs go on.'}
        </span>
      </p>
      {me.levers.length === 0 ? <None>Only an operator may pull levers.</None> : null}
    </Panel>
  )
}
