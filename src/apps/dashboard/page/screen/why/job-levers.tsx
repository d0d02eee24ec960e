import { useSignal } from '@preact/signals'
import { type Job, type Ledger, waitingCount } from '../../../../../engine/core/index.ts'
import { usePage } from '../../frame/context.ts'
import { DrainButton, LeverButton } from '../../part/lever-button.tsx'
import { LeverForm, NumberField } from '../../part/lever-form.tsx'
import type { Letter } from '../dead/letters.ts'

/** What an operator can do about a job in its present state. */
export function JobLevers({
  jobId,
  job,
  letter,
}: {
  readonly jobId: string
  readonly job: Job | undefined
  /** It has failed for good, and this is kept of it. */
  readonly letter: Letter | null
}) {
  const { shown } = usePage()
  if (job === undefined) return letter === null ? null : <LetterLevers jobId={jobId} />
  return job.active ? <ActiveLevers job={job} /> : <WaitingLevers job={job} ledger={shown.ledger.value} />
}

function WaitingLevers({ job, ledger }: { readonly job: Job; readonly ledger: Ledger }) {
  const { jobId } = job
  const priority = useSignal(String(job.priority))
  const first = ledger.line.at(0)?.jobId
  return (
    <span class="buttons">
      {ledger.draining ? <DrainButton isDraining /> : null}
      <LeverForm
        name={`Priority of ${jobId}`}
        lever="prioritize"
        isSame={priority.value === String(job.priority)}
        request={() => ({
          title: `Give ${jobId} priority ${priority.value}`,
          body: { jobId, priority: Number(priority.value) },
        })}
      >
        <NumberField
          before="priority"
          min={-1000}
          max={1000}
          required
          value={priority.value}
          onInput={(text) => (priority.value = text)}
        />
      </LeverForm>
      {first === undefined || first === jobId || waitingCount(ledger) < 2 ? null : (
        <LeverButton lever="move" title={`Move ${jobId} to the front`} body={{ jobId, before: first }}>
          To the front…
        </LeverButton>
      )}
      <LeverButton isBad lever="cancel" title={`Cancel ${jobId}`} body={{ jobId }}>
        Cancel…
      </LeverButton>
    </span>
  )
}

/** It is asked to stop first. One that was asked, and does not, can be ended without its worker. */
function ActiveLevers({ job: { jobId, cancelRequested } }: { readonly job: Job }) {
  return (
    <span class="buttons">
      {cancelRequested ? (
        <LeverButton isBad lever="cancel" title={`End ${jobId} by force`} body={{ jobId, force: true }}>
          Force…
        </LeverButton>
      ) : (
        <LeverButton isBad lever="cancel" title={`Cancel ${jobId}`} body={{ jobId }}>
          Cancel…
        </LeverButton>
      )}
    </span>
  )
}

function LetterLevers({ jobId }: { readonly jobId: string }) {
  return (
    <span class="buttons">
      <LeverButton lever="retry" title={`Retry ${jobId}`} body={{ jobIds: [jobId] }}>
        Retry…
      </LeverButton>
      <LeverButton isBad lever="drop" title={`Drop the dead letter of ${jobId}`} body={{ jobIds: [jobId] }}>
        Drop…
      </LeverButton>
    </span>
  )
}
