import type { Operator, RecordedEvent } from '../../engine/core/index.ts'
import { eventDetail } from '../../tools/format/event-text.ts'
import { clip, timeText } from '../../tools/format/index.ts'
import { operatorText } from '../../tools/history/operators.ts'
import type { Frame } from './frame.ts'

interface Beside {
  /** Follows the job. */
  readonly more?: string
  /** Who caused it. */
  readonly who?: Operator | undefined
}

/** An event on one line, cut at the width of a terminal. */
export function eventLine(frame: Frame, event: RecordedEvent, { more = '', who }: Beside = {}): string {
  const { dim } = frame.colors
  const jobId = 'jobId' in event ? event.jobId : ''
  const head = `${String(event.seq).padStart(6)}  ${timeText(event.at)}`
  const fixed = head.length + 34 + more.length
  const by = who === undefined ? [] : [`by ${operatorText(who)}`]
  const whole = [eventDetail(event), ...by].filter(Boolean).join(', ')
  const detail = frame.isTerminal ? clip(whole, Math.max(20, frame.width - fixed)) : whole
  return `${dim(head)}  ${event.type.padEnd(15)} ${jobId.padEnd(14)} ${more}${dim(detail)}`.trimEnd()
}
