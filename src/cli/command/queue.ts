import { opened, pausedModels } from '../../history/parts.ts'
import { lineIn, lookAt, queueDocument } from '../../operate/parts.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import { pausedFacts } from '../show/paused.ts'
import { queueText } from '../show/queue.ts'
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
        ['queue', 'the first 20'],
        ['queue --limit 1000 --json', 'for programs'],
      ],
      async (frame, _, options) => {
        const limit = wholeNumber('--limit', options.limit, 1, 1_000_000)
        const look = await withAccess(frame, (access) => lookAt(opened(access)))
        const line = lineIn(look, limit ?? 20)
        const none = 'no live job; put some in line: interlock enqueue <file>'
        const paused = pausedFacts(pausedModels(look.ledger))
        const pauses = paused.length === 0 ? [] : ['', ...facts(paused, frame.colors.dim)]
        const lines = line.total === 0 ? [none] : queueText(frame, line.jobs, line.total, look.now)
        frame.emit(queueDocument(frame.queue, look, line), [...lines, ...pauses])
      },
    )
    .option('--limit <n>', 'how many', '20')
}
