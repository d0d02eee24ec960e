/** What puts back what an action has changed, and whether it still may. */
import {
  type CommandBody,
  jobOf,
  type Ledger,
  MICROS_PER_MS,
  type Policy,
  pauseOf,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import type { UndoDocument } from '../api/lever-documents.ts'

type Contrary = Omit<UndoDocument, 'body'> & { readonly body: Readonly<Record<string, unknown>> }

/** The contrary of a command, built from the queue as it was before it; null: it cannot be put back. */
export function undoOf(command: CommandBody, before: Ledger): UndoDocument | null {
  const contrary = contraryOf(command, before)
  return contrary && { ...contrary, body: { ...contrary.body, undoes: before.version } }
}

function contraryOf(command: CommandBody, before: Ledger): Contrary | null {
  switch (command.type) {
    case 'pause_model':
    case 'resume_model':
      return pausedAsBefore(command.model, before)
    case 'drain':
    case 'resume':
      return before.draining
        ? { lever: 'drain', title: 'Drain the queue', body: {} }
        : { lever: 'resume', title: 'Resume the queue', body: {} }
    case 'reprioritize':
      return placedAsBefore(command.jobId, before)
    case 'set_policy':
      return {
        lever: 'policy',
        title: 'Put the former policy back',
        body: { policy: changedIn(before.policy, command.policy) },
      }
    default:
      return null
  }
}

function pausedAsBefore(model: string, before: Ledger): Contrary {
  const pause = pauseOf(before, model)
  if (pause === undefined) return { lever: 'resume-model', title: `Resume ${model}`, body: { model } }
  const { reason, until } = pause
  const untilMs = until === null ? null : until / MICROS_PER_MS
  return { lever: 'pause-model', title: `Pause ${model} as before`, body: { model, reason, untilMs } }
}

/** Before the job that stood behind it; one that was the last, or stood in no line, only gets its priority back. */
function placedAsBefore(jobId: string, before: Ledger): Contrary | null {
  const job = jobOf(before, jobId)
  if (job === undefined) return null
  const { priority } = job
  const line = [...before.line]
  const at = line.findIndex((place) => place.jobId === jobId)
  const next = at === -1 ? undefined : line[at + 1]?.jobId
  return next === undefined
    ? { lever: 'prioritize', title: `Give ${jobId} priority ${priority} back`, body: { jobId, priority } }
    : {
        lever: 'move',
        title: `Put ${jobId} back before ${next}`,
        body: { jobId, before: next, priority },
      }
}

/** The fields of a policy that another one has changed. */
function changedIn(policy: Policy, other: Policy): Readonly<Record<string, unknown>> {
  const names = [...new Set([...Object.keys(policy), ...Object.keys(other)])] as (keyof Policy)[]
  const changed = names.filter((name) => JSON.stringify(policy[name]) !== JSON.stringify(other[name]))
  return Object.fromEntries(changed.map((name) => [name, policy[name] ?? null]))
}

/**
 * Whether another command has changed the same since.
 * @param since what the log says after the queue was as it is to be again: first what is to be undone
 */
export function isChangedSince(command: CommandBody, since: readonly RecordedEvent[]): boolean {
  const same = since.filter((event) => concerns(command, event))
  return same.some(({ commandId }) => commandId !== same[0]?.commandId)
}

/** It changes the same as the command. */
export function concerns(command: CommandBody, event: RecordedEvent): boolean {
  switch (command.type) {
    case 'pause_model':
    case 'resume_model':
      return (
        (event.type === 'model_paused' || event.type === 'model_resumed') && event.model === command.model
      )
    case 'drain':
    case 'resume':
      return event.type === 'drain_requested' || event.type === 'resumed'
    case 'reprioritize':
      return event.type === 'reprioritized' && event.jobId === command.jobId
    default:
      return event.type === 'policy_changed'
  }
}
