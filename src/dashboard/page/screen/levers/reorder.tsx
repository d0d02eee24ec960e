import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { jobOf } from '../../../../core/index.ts'
import { count } from '../../../../format/index.ts'
import { ask } from '../../data/levers.ts'
import { usePage } from '../../frame/context.ts'
import { JobLink, ModelLinks } from '../../part/names.tsx'
import { None, Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'

const ROW = 44

/** The line, to reorder by dragging or with the keyboard. */
export function Reorder() {
  const { me, live, shown } = usePage()
  const ledger = shown.ledger.value
  const may = me.levers.includes('move')
  const dragged = useSignal<string | null>(null)
  const over = useSignal<string | null>(null)
  const said = useSignal('')
  const list = useRef<HTMLDivElement>(null)
  const idAt = (index: number) => ledger.line.at(index)?.jobId
  const move = (jobId: string, before: string | undefined) => {
    if (before === undefined || before === jobId) return
    void ask(live.queue, { lever: 'move', title: `Move ${jobId} before ${before}`, body: { jobId, before } })
  }
  /** With Alt, an arrow key moves the job; without, the focus. */
  const onKey = (event: KeyboardEvent, index: number, jobId: string) => {
    const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
    if (by === 0) return
    event.preventDefault()
    if (!event.altKey) {
      const next = list.current?.querySelector<HTMLElement>(`[data-index="${index + by}"] button`)
      return next?.focus()
    }
    if (by === -1) return move(jobId, idAt(index - 1))
    const [next, afterNext] = [idAt(index + 1), idAt(index + 2)]
    // A job can only be put before another one. So to move it last, move the last one before it.
    if (afterNext !== undefined) move(jobId, afterNext)
    else if (next !== undefined) move(next, jobId)
  }
  return (
    <Panel id="reorder" title="Line" aside={may ? 'drag, or Alt with ↑ ↓' : count(ledger.line.size)}>
      <p class="hidden" role="status">
        {said.value}
      </p>
      {ledger.line.size === 0 ? <None>Nobody waits in line.</None> : null}
      <div ref={list} class={dragged.value === null ? '' : 'dragging'}>
        <WindowedList
          label="The line, to reorder"
          count={ledger.line.size}
          rowHeight={ROW}
          row={(index) => {
            const job = jobOf(ledger, idAt(index) ?? '')
            if (job === undefined) return null
            const { jobId } = job
            return (
              <li
                key={jobId}
                data-job={jobId}
                data-index={index}
                class={over.value === jobId ? 'over' : dragged.value === jobId ? 'dragged' : ''}
                draggable={may}
                onDragStart={(event) => {
                  dragged.value = jobId
                  event.dataTransfer?.setData('text/plain', jobId)
                }}
                onDragOver={(event) => {
                  if (dragged.value === null) return
                  event.preventDefault()
                  over.value = jobId
                }}
                onDragEnd={() => {
                  dragged.value = null
                  over.value = null
                }}
                onDrop={(event) => {
                  event.preventDefault()
                  const moved = dragged.value
                  dragged.value = null
                  over.value = null
                  if (moved !== null) move(moved, jobId)
                }}
              >
                {may ? (
                  <button
                    type="button"
                    class="handle"
                    aria-label={`Move ${jobId}, ${index + 1} in line: Alt with an arrow`}
                    onFocus={() => (said.value = `${jobId}, ${index + 1} of ${ledger.line.size}`)}
                    onKeyDown={(event) => onKey(event, index, jobId)}
                  >
                    ⠿
                  </button>
                ) : null}
                <span class="number">{index + 1}</span>
                <div class="two">
                  <JobLink id={jobId} />
                  <span class="under">
                    <ModelLinks names={job.spec.models} />
                  </span>
                </div>
                <span class="right dim">priority {job.priority}</span>
              </li>
            )
          }}
        />
      </div>
    </Panel>
  )
}
