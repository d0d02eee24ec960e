import { parseJobId } from '../../codec/index.ts'
import { explainJob } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { eventDocument } from '../event-text.ts'
import type { Frame } from '../frame.ts'
import { historyOf } from '../history/of-job.ts'
import { type Look, lookAt } from '../look.ts'
import { dataDocument, dataText } from '../show/data.ts'
import { endedText } from '../show/ended.ts'
import { explanationDocument, explanationText } from '../show/explanation.ts'
import { withStore } from '../store.ts'

export function addExplain(cli: Cli): void {
  cli
    .command<{ readonly data?: boolean }>(
      'explain',
      [
        ['explain report-1', 'also for a job that has ended: how, and when'],
        ['explain 4f1c', 'the beginning of an id will do, where only one job has it'],
        ['explain report-1 --data', 'with its payload, how far it has come, and its result or error'],
        ['explain report-1 --json', 'everything, for programs'],
      ],
      (frame, [text = ''], { data = false }) =>
        withStore(frame, async (store) => {
          parseJobId(text)
          const { jobId, document, said } = await told(frame, store, text)
          if (!data) return frame.emit(document, said)
          const [kept] = await store.data(frame.queue, [jobId])
          frame.emit({ ...document, data: dataDocument(kept) }, `${said}\n\n${dataText(frame, kept)}`)
        }),
    )
    .option('--data', 'also what is kept of it beside the log: payload, progress, checkpoint, result, error')
}

interface Told {
  readonly jobId: string
  readonly document: object
  readonly said: string
}

async function told(frame: Frame, store: LogStore, text: string): Promise<Told> {
  const look = await lookAt(frame, store)
  const live = tellLive(frame, look, text)
  if (live !== undefined) return live
  const ids = [...look.ledger.jobs].map(({ jobId }) => jobId).filter((id) => id.startsWith(text))
  const { jobId, events } = await historyOf(frame, store, text, ids)
  // Its beginning is that of a live job, and of no other that the log knows.
  const begun = jobId === text ? undefined : tellLive(frame, look, jobId)
  return (
    begun ?? {
      jobId,
      document: { jobId, state: 'ended', events: events.map(eventDocument) },
      said: endedText(frame, jobId, events),
    }
  )
}

function tellLive(frame: Frame, { ledger, now, hasWorker }: Look, jobId: string): Told | undefined {
  const found = explainJob(ledger, jobId, now, hasWorker)
  return found === undefined
    ? undefined
    : { jobId, document: explanationDocument(found), said: explanationText(frame, found) }
}
