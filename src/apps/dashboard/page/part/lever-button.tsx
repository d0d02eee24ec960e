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
