import type { RecordedEvent } from '../core/index.ts'
import { clip, timeText } from '../format/index.ts'
import { eventDetail } from '../format/parts.ts'
import type { Frame } from './frame.ts'

/** An event on one line, cut at the width of a terminal; `more` follows it there. */
export function eventLine(frame: Frame, event: RecordedEvent, more = ''): string {
  const { dim } = frame.colors
  const jobId = 'jobId' in event ? event.jobId : ''
  const head = `${String(event.seq).padStart(6)}  ${timeText(event.at)}`
  const fixed = head.length + 34 + more.length
  const detail = frame.isTerminal
    ? clip(eventDetail(event), Math.max(20, frame.width - fixed))
    : eventDetail(event)
  return `${dim(head)}  ${event.type.padEnd(15)} ${jobId.padEnd(14)} ${more}${dim(detail)}`.trimEnd()
}
