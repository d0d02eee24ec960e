import { keepSnapshot } from '../../coordinator/replica/keep-snapshot.ts'
import type { Cli } from '../cli.ts'
import { plural } from '../format.ts'
import { ledgerAt } from '../history/fold.ts'
import { withStore } from '../store.ts'

export function addSnapshot(cli: Cli): void {
  cli.command(
    'snapshot',
    [['snapshot', 'workers do the same by themselves, every 50,000 events']],
    async (frame) => {
      const { version, jobs } = await withStore(frame, async (store) => {
        const { version: head } = await store.read(frame.queue, 0, 1)
        const ledger = await ledgerAt(frame, store, head)
        if (ledger.version > 0) await keepSnapshot(store, frame.queue, ledger, { signal: frame.signal })
        return { version: ledger.version, jobs: ledger.jobs.size }
      })
      const text =
        version === 0
          ? 'nothing to keep: the log is empty'
          : `kept at event ${version}, with ${plural(jobs, 'live job')}`
      frame.emit({ queue: frame.queue, version, jobs }, text)
    },
  )
}
