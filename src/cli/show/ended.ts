import type { RecordedEvent } from '../../core/index.ts'
import { timeText } from '../../format/index.ts'
import { eventDetail } from '../event-text.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'

/** What became of a job, for people. */
export function endedText(frame: Frame, jobId: string, events: readonly RecordedEvent[]): string {
  const rows = events.map((event) => [event.seq, timeText(event.at), event.type, eventDetail(event)])
  const lines = grid(frame, ['seq', 'time', 'event', ''], rows, { right: [0], give: { '': 30 } })
  return `job ${jobId} has ended\n\n${lines}`
}
