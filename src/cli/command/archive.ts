import { InterlockError } from '../../core/index.ts'
import type { Cli } from '../cli.ts'
import { count, plural } from '../format.ts'
import { archive, type Cut } from '../history/archive.ts'
import { checkMoment, cutAt } from '../since.ts'
import { withStore } from '../store.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly before?: string
  readonly to?: string
  readonly drop?: boolean
}

export function addArchive(cli: Cli): void {
  cli
    .command<Options>(
      'archive',
      [
        [
          'archive --before 7d',
          'into job_queue_log_archive: out of the way, and still read by every command',
        ],
        ['archive --before 30d --to old.jsonl.gz', 'into a file, and out of the database'],
        ['archive --before 30d --drop', 'gone for good'],
      ],
      async (frame, _, { before, to, drop = false }) => {
        if (before === undefined) throw bad('--before: say up to when, such as 30d, or a number of the log')
        if (to !== undefined && drop) throw bad('--drop: is for no file; leave out --to')
        checkMoment('--before', before)
        const done = await withStore(frame, async (store) => {
          const through = await cutAt(store, frame.queue, '--before', before)
          return archive(frame, store, { through, to, keep: to === undefined && !drop })
        })
        const kept = to === undefined && !drop
        frame.emit(
          { ...done, kept },
          textOf(done, before, kept ? 'kept in job_queue_log_archive' : 'dropped'),
        )
      },
    )
    .option('--before <seq|time>', '30d, 2026-11-24, or the number of the last event to take out')
    .option('--to <file>', 'JSON lines, compressed: whole on the disk before anything is taken out')
    .option('--drop', 'keep nothing of them')
}

function textOf({ archived, archivedSeq, unkept, file }: Cut, before: string, otherwise: string): string {
  const also =
    unkept === 0 ? '' : `, and with them ${count(unkept)} that were kept in job_queue_log_archive before`
  if (archived > 0)
    return `${plural(archived, 'event')} taken out of the log, up to ${archivedSeq}: ${file ?? otherwise}${also}`
  if (file !== null)
    return `another process took the events from before ${before} out meanwhile; ${file} has them as well`
  return `the log has no event from before ${before}; nothing was taken out`
}

const bad = (message: string): InterlockError => new InterlockError('invalid_input', message)
