import { parseJobId } from '../../codec/index.ts'
import type { RecordedEvent } from '../../core/index.ts'
import { explainJob, InterlockError } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { eventDetail, eventDocument } from '../event-text.ts'
import { clip, timeText } from '../format.ts'
import type { Frame } from '../frame.ts'
import { orCut } from '../history/fold.ts'
import { lookAt } from '../look.ts'
import { eachEvent } from '../read-log.ts'
import { explanationDocument, explanationText } from '../show/explanation.ts'
import { withStore } from '../store.ts'
import { table } from '../terminal/table.ts'

export function addExplain(cli: Cli): void {
  cli.command(
    'explain <job>',
    'why a job does not run, whom it waits for, and what has to happen',
    [
      ['explain report-1', 'also for a job that has ended: how, and when'],
      ['explain report-1 --json', 'everything, for programs'],
    ],
    (frame, [jobId = '']) =>
      withStore(frame, async (store) => {
        const { ledger, now, hasWorker } = await lookAt(frame, store)
        const found = explainJob(ledger, parseJobId(jobId), now, hasWorker)
        if (found !== undefined) return frame.emit(explanationDocument(found), explanationText(frame, found))
        const events = await historyOf(frame, store, jobId)
        const document = { jobId, state: 'ended', events: events.map(eventDocument) }
        frame.emit(document, endedText(jobId, events))
      }),
  )
}

/** The events of a job's last life. */
async function historyOf(frame: Frame, store: LogStore, jobId: string): Promise<readonly RecordedEvent[]> {
  let events: RecordedEvent[] = []
  const after = await orCut(frame, store, 0)
  const see = (event: RecordedEvent) => {
    if (!('jobId' in event) || event.jobId !== jobId) return
    if (event.type === 'queued') events = []
    events.push(event)
  }
  await eachEvent(frame, store, 'searched', see, { after })
  if (events.length > 0) return events
  throw new InterlockError(
    'job_not_live',
    after === 0
      ? `queue ${frame.queue} has never heard of job ${jobId}; compare the id with interlock queue, or name the queue that it is in: --queue <name>`
      : `queue ${frame.queue} has not heard of job ${jobId} since event ${after}, up to which its log is archived; look into a file of that: interlock log --limit 1000000 --from-archive <file>`,
  )
}

function endedText(jobId: string, events: readonly RecordedEvent[]): string {
  const rows = events.map((event) => [
    event.seq,
    timeText(event.at),
    event.type,
    clip(eventDetail(event), 44),
  ])
  return `job ${jobId} has ended\n\n${table(['seq', 'time', 'event', ''], rows, { right: [0] })}`
}
