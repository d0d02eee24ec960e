import { useSignal } from '@preact/signals'
import type { Lever } from '../../../guard/grant.ts'
import { ask } from '../../data/levers.ts'
import { usePage } from '../../frame/context.ts'
import { NumberField } from '../../part/lever-form.tsx'
import { filterOf, type Query } from './query.ts'

/** What can be done with all jobs that the query names: each is shown first. */
export function Changes({ query, onDone }: { readonly query: Query; readonly onDone: () => void }) {
  const { me, live, shown } = usePage()
  const priority = useSignal('')
  if (!shown.isLive.value) return null
  const isDead = query.kind === 'dead'
  const request = (lever: Lever, verb: string, change: Readonly<Record<string, unknown>>) =>
    void ask(live.queue, { lever, verb, change, filter: filterOf(query), onDone })
  const may = (lever: Lever) => me.levers.includes(lever)
  return (
    <div class="row bar" data-changes>
      {may('cancel') && !isDead ? (
        <button type="button" onClick={() => request('cancel', 'Cancel', { do: 'cancel' })}>
          Cancel all…
        </button>
      ) : null}
      {may('retry') ? (
        <button type="button" onClick={() => request('retry', 'Retry', { do: 'retry' })}>
          {isDead ? 'Retry all…' : 'Retry dead ones…'}
        </button>
      ) : null}
      {may('drop') ? (
        <button
          type="button"
          class="bad"
          onClick={() => request('drop', isDead ? 'Drop' : 'Delete', { do: 'delete' })}
        >
          {isDead ? 'Drop all…' : 'Delete ended ones…'}
        </button>
      ) : null}
      {may('prioritize') && !isDead ? (
        <form
          class="row"
          data-lever="prioritize"
          onSubmit={(event) => {
            event.preventDefault()
            request('prioritize', 'Move', { do: 'move', priority: Number(priority.value) })
          }}
        >
          <NumberField
            before="Priority"
            min={-1_000}
            max={1_000}
            required
            value={priority.value}
            onInput={(text) => (priority.value = text)}
          />
          <button type="submit">Move all…</button>
        </form>
      ) : null}
      <button type="button" onClick={onDone}>
        Look again
      </button>
    </div>
  )
}
