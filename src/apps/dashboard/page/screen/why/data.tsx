import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { Loaded, None, useAsked } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { Scroll } from '../../part/scroll.tsx'

const parts = ['payload', 'progress', 'result', 'error', 'checkpoint'] as const
type KeptParts = Readonly<Record<(typeof parts)[number], unknown>>

/** The payload and the result of a job, if the user may see them. Fetched on request. */
export function Data({ jobId }: { readonly jobId: string }) {
  const { me, live } = usePage()
  const kept = useAsked(() => getJson<KeptParts>(ofQueue(live.queue, 'jobs', jobId, 'data')))
  if (!me.data)
    return (
      <Panel id="data" title="Payload and result">
        <None>You may not see payloads, results and errors.</None>
      </Panel>
    )
  return (
    <Panel
      id="data"
      title="Payload and result"
      aside={
        <button type="button" onClick={kept.ask}>
          {kept.load === null ? 'Show' : 'Again'}
        </button>
      }
    >
      {kept.load === null ? (
        <None>Not loaded.</None>
      ) : (
        <Loaded of={kept.load}>{(found) => <Parts kept={found} />}</Loaded>
      )}
    </Panel>
  )
}

function Parts({ kept }: { readonly kept: KeptParts }) {
  const there = parts.filter((part) => kept[part] !== null)
  if (there.length === 0) return <None>It has neither.</None>
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
