import type { RecordedEvent } from '../../engine/core/index.ts'
import { eventDetail } from '../../tools/format/event-text.ts'
import { clip, timeText } from '../../tools/format/index.ts'
import type { Frame } from './frame.ts'

interface Beside {
  /** Follows the job. */
  readonly more?: string
  /** Who caused it: a person, or the id of a process of which nobody knows that. */
  readonly by?: string | undefined
}

/** An event on one line, cut at the width of a terminal. */
export function eventLine(frame: Frame, event: RecordedEvent, { more = '', by }: Beside = {}): string {
  const { dim } = frame.colors
  const jobId = 'jobId' in event ? event.jobId : ''
  const head = `${String(event.seq).padStart(6)}  ${timeText(event.at)}`
  const names = `${event.type.padEnd(15)} ${jobId.padEnd(14)} ${more}`
  const fixed = head.length + 2 + names.length
  const whole = [eventDetail(event), by === undefined ? '' : `by ${by}`].filter(Boolean).join(', ')
  const detail = frame.isTerminal ? clip(whole, Math.max(20, frame.width - fixed)) : whole
  return `${dim(head)}  ${names}${dim(detail)}`.trimEnd()
}
