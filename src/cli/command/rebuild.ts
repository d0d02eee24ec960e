import type { Cli } from '../cli.ts'
import { count, plural } from '../format.ts'
import { noteCut, onlyFrom } from '../history/fold.ts'
import { rebuild } from '../history/rebuild.ts'
import { withStore } from '../store.ts'

export function addRebuild(cli: Cli): void {
  cli.command(
    'rebuild',
    'make the state and the rows of the jobs anew from the log; safe while workers run',
    [['rebuild', 'after `verify` showed rows that somebody changed by hand; right rows stay as they are']],
    async (frame) => {
      const done = await withStore(frame, (store) => rebuild(frame, store))
      noteCut(frame, done.fromSeq - 1)
      const outer = done.outer === 0 ? '' : `; ${plural(done.outer, 'row')} of your tables written`
      const inner =
        done.removed + done.written === 0
          ? 'every row was right'
          : `${count(done.removed)} wrong ones removed, ${count(done.written)} written`
      frame.emit(
        done,
        `rebuilt from ${plural(done.events, 'event')}${onlyFrom(done.fromSeq)}: ${inner}${outer}`,
      )
    },
  )
}
