import type { JobPosition } from '../../../../../engine/core/index.ts'
import { startText } from '../../../../../tools/format/index.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { type Load, useLoad } from '../../part/load.tsx'

/** How long to rest before the next estimate, in milliseconds. */
const AGAIN_MS = 5_000

/** When the job may start, with a range: as the server says it, which compares its estimates with what comes. */
export function Estimate({ jobId }: { readonly jobId: string }) {
  const { live, shown } = usePage()
  const isLive = shown.isLive.value
  const found = useLoad<JobPosition | null>({
    question: `${jobId} ${isLive} ${live.generation.value}`,
    restMs: isLive ? AGAIN_MS : undefined,
    look: () =>
      isLive ? getJson<JobPosition>(ofQueue(live.queue, 'jobs', jobId, 'position')) : Promise.resolve(null),
  })
  return (
    <>
      <dt>starts</dt>
      <dd data-fact="estimate">
        <Text of={found} />
      </dd>
    </>
  )
}

function Text({ of }: { readonly of: Load<JobPosition | null> }) {
  if (of.state === 'loading') return <span class="dim">estimating…</span>
  if (of.state === 'failed') return <span class="warn">could not be estimated: {of.message}</span>
  if (of.value === null) return <span class="dim">estimated for the present only</span>
  const starts = startText(of.value)
  return of.value.startsInSeconds === null ? <span class="dim">{starts}</span> : <b>{starts}</b>
}
