import { useSignal } from '@preact/signals'
import { ApiError, getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { None, Panel } from '../../part/panel.tsx'
import { Scroll } from '../../part/scroll.tsx'

const parts = ['payload', 'progress', 'result', 'error', 'checkpoint'] as const
type Kept = Readonly<Record<(typeof parts)[number], unknown>>

/** The payload and the result of a job, if the user may see them. Fetched on request. */
export function Data({ jobId }: { readonly jobId: string }) {
  const { me, live } = usePage()
  const kept = useSignal<Kept | string | null>(null)
  if (!me.data)
    return (
      <Panel id="data" title="Payload and result">
        <None>You may not see payloads, results and errors.</None>
      </Panel>
    )
  const look = () =>
    getJson<Kept>(ofQueue(live.queue, 'jobs', jobId, 'data')).then(
      (found) => {
        kept.value = found
      },
      (error: unknown) => {
        kept.value = error instanceof ApiError ? error.message : String(error)
      },
    )
  return (
    <Panel
      id="data"
      title="Payload and result"
      aside={
        <button type="button" onClick={() => void look()}>
          {kept.value === null ? 'Show' : 'Again'}
        </button>
      }
    >
      {kept.value === null ? <None>Not fetched.</None> : null}
      {typeof kept.value === 'string' ? <p class="warn">{kept.value}</p> : <Parts kept={kept.value} />}
    </Panel>
  )
}

function Parts({ kept }: { readonly kept: Kept | null }) {
  if (kept === null) return null
  const there = parts.filter((part) => kept[part] !== null)
  if (there.length === 0) return <None>There is none.</None>
  return (
    <>
      {there.map((part) => (
        <div key={part}>
          <h3>{part}</h3>
          <Scroll label={part}>
            <pre data-part={part}>{JSON.stringify(kept[part], null, 2)}</pre>
          </Scroll>
        </div>
      ))}
    </>
  )
}
