import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { jobOf, type Ledger } from '../../../../../engine/core/index.ts'
import { count, duration } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { go } from '../../frame/route.ts'
import { None } from '../../part/load.tsx'
import { JobLink } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'

const MOST = 40

/** What differs between the moment that was kept and the one that is shown. */
export function Differences({ than }: { readonly than: number }) {
  const { live, shown } = usePage()
  const kept = useSignal<Ledger | null>(null)
  useEffect(() => {
    live.replica.reach(than).then(
      (ledger) => (kept.value = ledger),
      () => (kept.value = null),
    )
  }, [than, live])
  const here = shown.calm.value
  if (kept.value === null)
    return (
      <Panel id="difference" title="Difference" wide>
        <None>Event {count(than)} could not be loaded.</None>
      </Panel>
    )
  const [before, after] = kept.value.version <= here.version ? [kept.value, here] : [here, kept.value]
  const { came, started, back, gone, moved } = differenceOf(before, after)
  return (
    <Panel
      id="difference"
      title={`From event ${count(before.version)} to ${count(after.version)}, ${duration((after.lastAt - before.lastAt) / 1_000)}`}
      wide
      aside={
        <button type="button" onClick={() => go({ than: null })}>
          Close
        </button>
      }
    >
      <dl class="difference" data-from={before.version} data-to={after.version}>
        <Jobs name="queued" ids={came} />
        <Jobs name="started" ids={started} />
        <Jobs name="back in line" ids={back} />
        <Jobs name="ended" ids={gone} />
        <dt>moved in line</dt>
        <dd data-difference="moved">
          {moved.length === 0 ? <span class="dim">none</span> : null}
          {moved.slice(0, MOST).map(({ jobId, from, to }) => (
            <span key={jobId}>
              <JobLink id={jobId} />{' '}
              <span class="dim">
                {from + 1} → {to + 1}
              </span>
            </span>
          ))}
          <More of={moved.length} />
        </dd>
      </dl>
    </Panel>
  )
}

const Jobs = ({ name, ids }: { readonly name: string; readonly ids: readonly string[] }) => (
  <>
    <dt>{name}</dt>
    <dd data-difference={name}>
      {ids.length === 0 ? <span class="dim">none</span> : null}
      {ids.slice(0, MOST).map((id) => (
        <JobLink key={id} id={id} />
      ))}
      <More of={ids.length} />
    </dd>
  </>
)

const More = ({ of }: { readonly of: number }) =>
  of > MOST ? <span class="dim">and {count(of - MOST)} more</span> : null

/** What differs between two moments of a queue. */
interface QueueDifference {
  readonly came: readonly string[]
  readonly started: readonly string[]
  /** Was running, and waits again. */
  readonly back: readonly string[]
  readonly gone: readonly string[]
  /** Jobs that are in line at both moments, at different positions. */
  readonly moved: readonly { readonly jobId: string; readonly from: number; readonly to: number }[]
}

/** @param before the earlier moment */
function differenceOf(before: Ledger, after: Ledger): QueueDifference {
  const came: string[] = []
  const started: string[] = []
  const back: string[] = []
  const moved: { jobId: string; from: number; to: number }[] = []
  for (const job of after.jobs) {
    const was = jobOf(before, job.jobId)
    if (was === undefined || was.queuedAt !== job.queuedAt) came.push(job.jobId)
    if (job.active && was?.active !== true) started.push(job.jobId)
    if (!job.active && was?.active === true) back.push(job.jobId)
  }
  const gone = [...before.jobs]
    .filter(({ jobId }) => jobOf(after, jobId) === undefined)
    .map(({ jobId }) => jobId)
  let at = 0
  for (const { jobId } of after.line) {
    const was = jobOf(before, jobId)
    const from = was === undefined || was.active ? -1 : before.line.rank(was.position)
    if (
      from >= 0 &&
      before.line.get(was?.position ?? { level: 0, order: 0, tie: 0, hash: 0, jobId })?.jobId === jobId &&
      from !== at
    )
      moved.push({ jobId, from, to: at })
    at++
  }
  return { came, started, back, gone, moved }
}
