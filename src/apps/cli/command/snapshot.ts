import { plural } from '../../../tools/format/index.ts'
import { snapshot } from '../../../tools/history/index.ts'
import type { Cli } from '../cli.ts'
import { withAccess } from '../store.ts'

export function addSnapshot(cli: Cli): void {
  cli.command(
    'snapshot',
    [['snapshot', 'workers also do this themselves, every 50,000 events']],
    async (frame) => {
      const kept = await withAccess(frame, snapshot)
      const { version, jobs } = kept
      const text =
        version === 0
          ? 'nothing to save: the log is empty'
          : `saved at event ${version}, with ${plural(jobs, 'live job')}`
      frame.emit(kept, text)
    },
  )
}
