import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { attemptText, type Job, jobOf, type Ledger, triesOf } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { None } from '../../part/load.tsx'
import { JobWithModels, Since, Until } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'

const ROW = 44
/** How often to fetch the progress of handlers, in milliseconds. */
const ASK_MS = 3_000

/** The running jobs: where, since when, until when their lease is valid, and their progress. */
export function Running() {
  const { shown } = usePage()
  const ledger = shown.ledger.value
  const progress = useProgress()
  return (
    <Panel id="running" title="Running" aside={count(ledger.active.size)}>
      {ledger.active.size === 0 ? <None>Nothing runs.</None> : null}
      <WindowedList
        label="What runs"
        count={ledger.active.size}
        rowHeight={ROW}
        row={(index) => {
          const job = jobOf(ledger, ledger.active.at(index)?.jobId ?? '')
          return job === undefined ? null : (
            <Row key={job.jobId} job={job} progress={progress.get(job.jobId)} />
          )
        }}
      />
    </Panel>
  )
}

function Row({ job, progress }: { readonly job: Job; readonly progress: unknown }) {
  const { live, shown } = usePage()
  const worker = live.workers.value?.find(({ workerId }) => workerId === job.workerId)
  const part = partOf(progress)
  return (
    <li data-job={job.jobId}>
      <JobWithModels id={job.jobId} models={job.spec.models} />
      <div class="two right">
        <Since at={job.startedAt} />
        <span class="under dim">
          {job.workerId ?? 'detached'}
          {job.places === null ? '' : ` at ${[...new Set(Object.values(job.places))].join(', ')}`}
          {job.attempt > 1 ? `, ${attemptText(triesOf(job))}` : ''}
          {job.cancelRequested ? ', asked to stop' : ''}
          {job.detachedUntil !== null ? (
            <>
              {', deadline '}
              <Until at={job.detachedUntil} />
            </>
          ) : worker !== undefined && shown.isLive.value ? (
            <>
              {', lease ends '}
              <Until at={worker.expiresAt} />
            </>
          ) : null}
        </span>
      </div>
      {part === null ? null : <progress value={part} max={1} aria-label={`Progress of ${job.jobId}`} />}
    </li>
  )
}

/** A number from 0 to 1, a number of per cent, or such a number in a field of an object. */
function partOf(progress: unknown): number | null {
  if (typeof progress === 'number' && progress >= 0)
    return progress <= 1 ? progress : Math.min(1, progress / 100)
  if (typeof progress !== 'object' || progress === null) return null
  const { done, total, percent } = progress as Readonly<Record<string, unknown>>
  if (typeof percent === 'number') return Math.min(1, percent / 100)
  return typeof done === 'number' && typeof total === 'number' && total > 0 ? Math.min(1, done / total) : null
}

interface ProgressDocument {
  readonly jobs: readonly { readonly jobId: string; readonly progress: unknown }[]
}

const known = signal<ReadonlyMap<string, unknown>>(new Map())

/** The progress of the first hundred running jobs, if the user may see it. */
function useProgress(): ReadonlyMap<string, unknown> {
  const { me, live, shown } = usePage()
  const isAsked = me.data && shown.isLive.value
  useEffect(() => {
    if (!isAsked) return
    const look = () => {
      const jobs = firstActive(live.ledger.peek())
      if (jobs.length === 0 || document.hidden) return
      getJson<ProgressDocument>(
        `${ofQueue(live.queue, 'progress')}?${new URLSearchParams(jobs.map((id) => ['jobs', id]))}`,
      )
        .then((found) => {
          known.value = new Map(found.jobs.map(({ jobId, progress }) => [jobId, progress]))
        })
        .catch(() => {})
    }
    look()
    const timer = setInterval(look, ASK_MS)
    return () => clearInterval(timer)
  }, [isAsked, live])
  return isAsked ? known.value : new Map()
}

function firstActive({ active }: Ledger): string[] {
  const ids: string[] = []
  for (const { jobId } of active) {
    if (ids.length === 100) break
    ids.push(jobId)
  }
  return ids
}
