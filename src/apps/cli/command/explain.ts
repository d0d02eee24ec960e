import type { RecordedEvent } from '../../../engine/core/index.ts'
import type { JobData } from '../../../engine/store/index.ts'
import { eventDetail } from '../../../tools/format/event-text.ts'
import { timeText } from '../../../tools/format/index.ts'
import {
  dataDocument,
  dataFields,
  type ExplainedJob,
  explainDocument,
  explained,
} from '../../../tools/operate/explain.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { explanationText } from '../show/explanation.ts'
import { withStore } from '../store.ts'
import { grid } from '../terminal/grid.ts'
import { facts } from '../terminal/table.ts'

export function addExplain(cli: Cli): void {
  cli
    .command<{ readonly data?: boolean }>(
      'explain',
      [
        ['explain report-1', 'also for a job that has ended: how, and when'],
        ['explain 4f1c', 'a unique prefix of its id works'],
        ['explain report-1 --data', 'with its payload, its result or error, and the ids of its traces'],
        ['explain report-1 --json', 'everything, for programs'],
      ],
      (frame, [text = ''], { data = false }) =>
        withStore(frame, async (store) => {
          const found = await explained(frame.access(store), text)
          const document = explainDocument(found)
          if (!data) return frame.emit(document, textOf(frame, found))
          const [kept] = await store.data(frame.queue, [document.jobId])
          frame.emit({ ...document, data: dataDocument(kept) }, [
            ...textOf(frame, found),
            '',
            ...dataText(frame, kept),
          ])
        }),
    )
    .option('--data', 'also its payload, progress, checkpoint, result, error and traceparent')
}

const textOf = (frame: Frame, { explanation, events, starts, message }: ExplainedJob): readonly string[] => [
  ...explanationText(frame, explanation, { message, starts }),
  ...(events === null ? [] : ['', ...lifeText(frame, events)]),
]

/** What is kept of a job beside the log, in full: it was asked for. */
function dataText(frame: Frame, data: JobData | undefined): readonly string[] {
  const document = dataDocument(data)
  const rows = dataFields.flatMap((name) => {
    const value = document[name]
    return value === null ? [] : [[name, JSON.stringify(value)] as const]
  })
  const none = 'it has no payload, progress or result: it never had one, or they were deleted'
  return rows.length === 0 ? [none] : facts(rows, frame.colors.dim)
}

/** The last life of a job, for people. */
function lifeText(frame: Frame, events: readonly RecordedEvent[]): readonly string[] {
  const rows = events.map((event) => [event.seq, timeText(event.at), event.type, eventDetail(event)])
  return grid(frame, ['seq', 'time', 'event', ''], rows, { right: [0], give: { '': 30 } })
}
