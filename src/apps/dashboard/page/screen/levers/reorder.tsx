import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { type Job, jobOf, type Ledger } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { ask } from '../../data/levers.ts'
import { usePage } from '../../frame/context.ts'
import { None } from '../../part/load.tsx'
import { JobWithModels } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'
import { useDragging } from './dragging.ts'

const ROW = 44

/** The line, to reorder by dragging or with the keyboard. */
export function Reorder() {
  const { me, live, shown } = usePage()
  const ledger = shown.ledger.value
  const may = me.levers.includes('move')
  const said = useSignal('')
  const list = useRef<HTMLDivElement>(null)
  const move = (jobId: string, before: string) => {
    if (before === jobId) return
    void ask(live.queue, { lever: 'move', title: `Move ${jobId} before ${before}`, body: { jobId, before } })
  }
  const { dragged, over, press } = useDragging(move)
  /** With Alt, an arrow key moves the job; without, the focus. */
  const onKey = (event: KeyboardEvent, index: number) => {
    const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
    if (by === 0) return
    event.preventDefault()
    if (!event.altKey)
      return list.current?.querySelector<HTMLElement>(`[data-index="${index + by}"] button`)?.focus()
    const moved = movedBy(ledger, index, by)
    if (moved !== undefined) move(...moved)
  }
  const row = (index: number) => {
    const job = jobAt(ledger, index)
    if (job === undefined) return null
    const { jobId } = job
    return (
      <li
        key={jobId}
        data-job={jobId}
        data-index={index}
        class={over.value === jobId ? 'over' : dragged.value === jobId ? 'dragged' : ''}
        onPointerDown={(event) => may && press(event, jobId)}
        // A name in it is a link, which the browser would drag itself.
        onDragStart={(event) => event.preventDefault()}
      >
        {may ? (
          <button
            type="button"
            class="handle"
            aria-label={`Move ${jobId}, ${index + 1} in line: Alt with an arrow`}
            onFocus={() => (said.value = `${jobId}, ${index + 1} of ${ledger.line.size}`)}
            onKeyDown={(event) => onKey(event, index)}
          >
            ⠿
          </button>
        ) : null}
        <Place job={job} place={index + 1} />
      </li>
    )
  }
  return (
    <Panel id="reorder" title="Line" aside={may ? 'drag, or Alt with ↑ ↓' : count(ledger.line.size)}>
      <p class="hidden" role="status">
        {said.value}
      </p>
      {ledger.line.size === 0 ? <None>No job waits in line.</None> : null}
      <div ref={list} class={dragged.value === null ? '' : 'dragging'}>
        <WindowedList label="The line, to reorder" count={ledger.line.size} rowHeight={ROW} row={row} />
      </div>
    </Panel>
  )
}

function Place({ job, place }: { readonly job: Job; readonly place: number }) {
  return (
    <>
      <span class="number">{place}</span>
      <JobWithModels id={job.jobId} models={job.spec.models} />
      <span class="right dim">priority {job.priority}</span>
    </>
  )
}

const jobAt = (ledger: Ledger, index: number): Job | undefined =>
  jobOf(ledger, ledger.line.at(index)?.jobId ?? '')

/** Which job is put before which one, to move the one at this place up or down. */
function movedBy(ledger: Ledger, index: number, by: 1 | -1): [jobId: string, before: string] | undefined {
  const idAt = (at: number) => ledger.line.at(at)?.jobId
  const jobId = idAt(index)
  const next = idAt(index + by)
  if (jobId === undefined || next === undefined) return undefined
  if (by === -1) return [jobId, next]
  const afterNext = idAt(index + 2)
  // A job can only be put before another one. So to move it last, move the last one before it.
  return afterNext === undefined ? [next, jobId] : [jobId, afterNext]
}
