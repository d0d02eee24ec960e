import { count, plural } from '../../../tools/format/index.ts'
import { type Rebuilt, rebuild } from '../../../tools/history/index.ts'
import type { Cli } from '../cli.ts'
import { onlyFrom } from '../show/only-from.ts'
import { type ArchiveFlags, addArchiveFlag, withLog } from '../store.ts'

export function addRebuild(cli: Cli): void {
  addArchiveFlag(
    cli.command<ArchiveFlags>(
      'rebuild',
      [
        ['rebuild', 'after `verify` showed rows that were changed by hand; correct rows stay as they are'],
        ['rebuild --from-archive old.jsonl.gz', 'also restores the snapshot at the cut, if it is gone'],
      ],
      async (frame, _, { fromArchive }) => {
        const done = await withLog(frame, fromArchive, rebuild)
        frame.emit(done, textOf(done))
      },
    ),
  )
}

function textOf({ fromSeq, events, removed, written, outer }: Rebuilt): string {
  const inner =
    removed + written === 0
      ? 'every row was correct'
      : `${count(removed)} wrong rows removed, ${count(written)} written`
  const own = outer === 0 ? '' : `; ${plural(outer, 'row')} of your tables written`
  return `rebuilt from ${plural(events, 'event')}${onlyFrom(fromSeq)}: ${inner}${own}`
}
