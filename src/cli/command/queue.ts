import { hasWorkerAmong } from '../../coordinator/has-worker.ts'
import { projectionOf } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { ledgerAt } from '../history/fold.ts'
import { activeFirst, queueText, telling, toldDocument } from '../show/queue.ts'
import { withStore } from '../store.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly limit: string
}

export function addQueue(cli: Cli): void {
  cli
    .command<Options>(
      'queue',
      'the live jobs in line order: what runs, what waits and for whom',
      [
        ['queue', 'the first 20'],
        ['queue --limit 1000 --json', 'for programs'],
      ],
      async (frame, _, options) => {
        const limit = wholeNumber('--limit', options.limit, 1, 1_000_000)
        const { rows, now, tell } = await withStore(frame, (store) => lineOf(frame, store))
        const shown = rows.slice(0, limit).map(tell)
        const none = 'no live job; put some in line: interlock enqueue <file>'
        frame.emit(
          { queue: frame.queue, total: rows.length, jobs: shown.map(toldDocument) },
          rows.length === 0 ? none : queueText(frame, shown, rows.length, now),
        )
      },
    )
    .option('--limit <n>', 'how many', '20')
}

/** The live jobs, and how to tell why one of them waits: the moment's reason, as `explain` tells it. */
async function lineOf(frame: Frame, store: LogStore) {
  const { version, now } = await store.read(frame.queue, 0, 1)
  const ledger = await ledgerAt(frame, store, version)
  const hasWorker = hasWorkerAmong(await store.workers(frame.queue))
  const tell = telling(ledger, now, hasWorker)
  return { rows: projectionOf(ledger).jobs.toSorted(activeFirst), now, tell }
}
