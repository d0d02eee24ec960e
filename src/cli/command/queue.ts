import { projectionOf } from '../../core/index.ts'
import type { Cli } from '../cli.ts'
import { lookAt } from '../look.ts'
import { pausedDocument, pausedFacts, pausedModels } from '../show/paused.ts'
import { activeFirst, queueText, telling, toldDocument } from '../show/queue.ts'
import { withStore } from '../store.ts'
import { facts } from '../terminal/table.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options {
  readonly [flag: string]: unknown
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
        const { ledger, now, hasWorker } = await withStore(frame, (store) => lookAt(frame, store))
        const rows = projectionOf(ledger).jobs.toSorted(activeFirst)
        const shown = rows.slice(0, limit).map(telling(ledger, now, hasWorker))
        const none = 'no live job; put some in line: interlock enqueue <file>'
        const paused = pausedModels(ledger)
        const pauses = paused.length === 0 ? '' : `\n\n${facts(pausedFacts(paused), frame.colors.dim)}`
        const jobs = shown.map(toldDocument)
        frame.emit(
          { queue: frame.queue, total: rows.length, paused: paused.map(pausedDocument), jobs },
          `${rows.length === 0 ? none : queueText(frame, shown, rows.length, now)}${pauses}`,
        )
      },
    )
    .option('--limit <n>', 'how many', '20')
}
