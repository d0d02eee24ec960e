import { useSignal } from '@preact/signals'
import type { Job } from '../../../../core/index.ts'
import { ask } from '../../data/levers.ts'
import { useDesk } from '../../frame/context.ts'

/** What an operator can do about a job. */
export function JobLevers({ job }: { readonly job: Job }) {
  const { me, live, shown } = useDesk()
  const priority = useSignal(String(job.priority))
  if (!shown.isLive.value) return null
  const { jobId } = job
  const may = new Set(me.levers)
  return (
    <span class="buttons">
      {may.has('prioritize') && !job.active ? (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault()
            const body = { jobId, priority: Number(priority.value) }
            void ask(live.queue, {
              lever: 'prioritize',
              title: `Give ${jobId} priority ${priority.value}`,
              body,
            })
          }}
        >
          <label>
            <span class="dim">priority</span>{' '}
            <input
              type="number"
              class="short"
              min={-1000}
              max={1000}
              value={priority.value}
              onInput={(event) => (priority.value = event.currentTarget.value)}
            />
          </label>
          <button type="submit">Set</button>
        </form>
      ) : null}
      {may.has('cancel') ? (
        <button
          type="button"
          class="bad"
          onClick={() => void ask(live.queue, { lever: 'cancel', title: `Cancel ${jobId}`, body: { jobId } })}
        >
          Cancel…
        </button>
      ) : null}
      {may.has('cancel') && job.cancelRequested ? (
        <button
          type="button"
          class="bad"
          onClick={() =>
            void ask(live.queue, {
              lever: 'cancel',
              title: `End ${jobId} by force`,
              body: { jobId, force: true },
            })
          }
        >
          By force…
        </button>
      ) : null}
    </span>
  )
}
