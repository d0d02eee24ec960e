import { endsAttempt, type JobEvent } from '../src/engine/core/index.ts'

export type { JobEvent }

/** What is known of a job, beside its state. */
export interface JobLife {
  /** Sequence number of the last event that named the job; 0 before the first. */
  readonly seq: number
  /** How many attempts were started since the job was queued. */
  readonly attempt: number
  /** Fencing token of the running attempt: the sequence number of its `started`. Null while none runs. */
  readonly token: number | null
  /** The process that runs it; null while none does, or when the attempt is detached. */
  readonly workerId: string | null
}

/** The one action: what is known of the job after an event. */
export function lifeAfter(life: JobLife, event: JobEvent): JobLife {
  const { seq } = event
  switch (event.type) {
    case 'queued':
      return { seq, attempt: 0, token: null, workerId: null }
    case 'started':
      return { seq, attempt: life.attempt + 1, token: seq, workerId: event.workerId }
    case 'detached':
      return { ...life, seq, workerId: null }
    default:
      return endsAttempt(event) ? { ...life, seq, token: null, workerId: null } : { ...life, seq }
  }
}

export function isForLater(event: JobEvent): boolean {
  const runAt = event.type === 'queued' ? event.spec.runAt : 'runAt' in event ? event.runAt : null
  return runAt !== null && runAt > event.at
}

export const tokenOf = (event: JobEvent): number | null => ('token' in event ? event.token : null)
export const isFinal = (event: JobEvent): boolean => 'final' in event && event.final
