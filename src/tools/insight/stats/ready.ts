import type { Job, Micros, RecordedEvent } from '../../../engine/core/index.ts'

type ReadyEvent = RecordedEvent & { readonly type: 'queued' | 'released' | 'requeued' | 'due' }

/** True for an event from which on its job could start as far as time and the jobs before it are concerned. */
export function isReady(event: RecordedEvent): event is ReadyEvent {
  switch (event.type) {
    case 'queued':
      return event.spec.after === undefined && isDue(event.spec.runAt, event.at)
    case 'released':
    case 'requeued':
      return isDue(event.runAt, event.at)
    default:
      return event.type === 'due'
  }
}

const isDue = (runAt: Micros | null, at: Micros): boolean => runAt === null || runAt <= at

/** Since when a waiting job that is due could start, as far as the queue still knows: of a retry, since it is back. */
export const readyAt = ({ waitingSince, spec }: Pick<Job, 'waitingSince' | 'spec'>): Micros =>
  Math.max(waitingSince, spec.runAt ?? 0)
