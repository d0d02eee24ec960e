import { useSignal } from '@preact/signals'
import { type Job, type Ledger, waitingCount } from '../../../../../engine/core/index.ts'
import type { Letter } from '../../data/letters.ts'
import { usePage } from '../../frame/context.ts'
import { CancelButton, DrainButton, LetterButtons, LeverButton } from '../../part/lever-button.tsx'
import { LeverForm, NumberField } from '../../part/lever-form.tsx'

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
  return (
    <span class="buttons">
      {letter === null || job !== undefined ? null : <LetterButtons jobId={jobId} />}
      {job?.active === true ? <ActiveLevers job={job} /> : null}
      {job?.active === false ? <WaitingLevers job={job} ledger={shown.ledger.value} /> : null}
    </span>
  )
}

function WaitingLevers({ job, ledger }: { readonly job: Job; readonly ledger: Ledger }) {
  const { jobId } = job
  const priority = useSignal(String(job.priority))
  const first = ledger.line.at(0)?.jobId
  return (
    <>
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
      <CancelButton jobId={jobId} />
    </>
  )
}

/** It is asked to stop first. One that was asked, and does not, can be ended without its worker. */
function ActiveLevers({ job: { jobId, cancelRequested } }: { readonly job: Job }) {
  if (!cancelRequested) return <CancelButton jobId={jobId} />
  return (
    <LeverButton isBad lever="cancel" title={`End ${jobId} by force`} body={{ jobId, force: true }}>
      Force…
    </LeverButton>
  )
}
