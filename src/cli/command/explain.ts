import { dataDocument, explainDocument, type ToldOfJob, told } from '../../operate/parts.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { dataText } from '../show/data.ts'
import { endedText } from '../show/ended.ts'
import { explanationText } from '../show/explanation.ts'
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
          const found = await told(frame.access(store), text)
          const document = explainDocument(found)
          if (!data) return frame.emit(document, textOf(frame, found))
          const [kept] = await store.data(frame.queue, [found.jobId])
          frame.emit(
            { ...document, data: dataDocument(kept) },
            `${textOf(frame, found)}\n\n${dataText(frame, kept)}`,
          )
        }),
    )
    .option('--data', 'also its data beside the log: payload, progress, checkpoint, result, error')
}

const textOf = (frame: Frame, found: ToldOfJob): string =>
  found.live === null ? endedText(frame, found.jobId, found.events) : explanationText(frame, found.live)
