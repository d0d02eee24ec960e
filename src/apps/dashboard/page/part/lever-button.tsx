import type { ComponentChildren } from 'preact'
import { ask, type LeverRequest } from '../data/levers.ts'
import { usePage } from '../frame/context.ts'

/** A button that asks for a lever; nothing in the past, or for a user who may not pull it. */
export function LeverButton({
  children,
  isBad = false,
  ...request
}: LeverRequest & { readonly children: ComponentChildren; readonly isBad?: boolean }) {
  const { me, live, shown } = usePage()
  if (!shown.isLive.value || !me.levers.includes(request.lever)) return null
  return (
    <button type="button" class={isBad ? 'bad' : ''} onClick={() => void ask(live.queue, request)}>
      {children}
    </button>
  )
}

type OfJob = { readonly jobId: string } & Pick<LeverRequest, 'onDone'>

/** Stops a job. */
export const CancelButton = ({ jobId, ...rest }: OfJob) => (
  <LeverButton isBad lever="cancel" title={`Cancel ${jobId}`} body={{ jobId }} {...rest}>
    Cancel…
  </LeverButton>
)

/** Puts a job that failed for good in line again, or drops what is kept of it. */
export const LetterButtons = ({ jobId, ...rest }: OfJob) => (
  <>
    <LeverButton lever="retry" title={`Retry ${jobId}`} body={{ jobIds: [jobId] }} {...rest}>
      Retry…
    </LeverButton>
    <LeverButton
      isBad
      lever="drop"
      title={`Drop the dead letter of ${jobId}`}
      body={{ jobIds: [jobId] }}
      {...rest}
    >
      Drop…
    </LeverButton>
  </>
)

/** Pauses a model by hand, or lets it go on. */
export function PauseButton({ model, isPaused }: { readonly model: string; readonly isPaused: boolean }) {
  return isPaused ? (
    <LeverButton lever="resume-model" title={`Resume ${model}`} body={{ model }}>
      Resume…
    </LeverButton>
  ) : (
    <LeverButton lever="pause-model" title={`Pause ${model}`} body={{ model, reason: 'by_hand' }}>
      Pause…
    </LeverButton>
  )
}

/** Drains the queue, or lets it go on. */
export function DrainButton({ isDraining }: { readonly isDraining: boolean }) {
  const title = isDraining ? 'Resume the queue' : 'Drain the queue'
  return (
    <LeverButton lever={isDraining ? 'resume' : 'drain'} title={title} body={{}}>
      {title}…
    </LeverButton>
  )
}
