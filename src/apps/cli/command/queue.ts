import { opened } from '../../../tools/history/access.ts'
import { pausedModels } from '../../../tools/history/documents.ts'
import { lineAt, queueDocument } from '../../../tools/operate/queue.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import { pausedFacts } from '../show/paused.ts'
import { queueText, submittedText } from '../show/queue.ts'
import { withAccess } from '../store.ts'
import { facts } from '../terminal/table.ts'

interface Options {
  readonly limit: string
}

export function addQueue(cli: Cli): void {
  cli
    .command<Options>(
      'queue',
      [
        ['queue', 'the first 20; `jobs` finds some of them, by model, customer, error or age'],
        ['queue --limit 1000 --json', 'for programs: the first 1,000, of 1,000,000 at most'],
      ],
      async (frame, _, options) => {
        const limit = wholeNumber('--limit', options.limit, 1, 1_000_000)
        const line = await withAccess(frame, (access) => lineAt(opened(access), limit ?? 20))
        const { look, total, jobs, submitted } = line
        const none = 'no live jobs; put some in line: npx interlock-queue enqueue <file>'
        const paused = pausedFacts(pausedModels(look.ledger, look.operators))
        frame.emit(queueDocument(frame.queue, line), [
          ...(total === 0 ? [none] : queueText(frame, jobs, total, look.now)),
          ...(submitted.jobs.length === 0 ? [] : ['', ...submittedText(frame, submitted, look.now)]),
          ...(paused.length === 0 ? [] : ['', ...facts(paused, frame.colors.dim)]),
        ])
      },
    )
    .option('--limit <n>', 'how many to show', '20')
}
