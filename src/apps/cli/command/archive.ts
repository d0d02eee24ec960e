import { invalidInput } from '../../../engine/core/index.ts'
import { count, plural } from '../../../tools/format/index.ts'
import { archiveTo } from '../../../tools/history/files/index.ts'
import { type ArchiveDocument, archive } from '../../../tools/history/index.ts'
import type { Cli } from '../cli.ts'
import { leaveNothingHalf } from '../output-file.ts'
import { checkMoment, pointOf } from '../since.ts'
import { withAccess } from '../store.ts'

interface Options {
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
        ['archive --before 30d --drop', 'erases them'],
      ],
      async (frame, _, { before, to, drop = false }) => {
        if (before === undefined)
          throw invalidInput('--before: say up to when, such as 30d, or a number of the log')
        if (to !== undefined && drop)
          throw invalidInput('--drop: does not go with --to; leave one of them out')
        checkMoment('--before', before)
        const done = await withAccess(frame, async (access) => {
          const point = await pointOf(access, '--before', before)
          if (to !== undefined) leaveNothingHalf()
          if (to !== undefined) return archiveTo(access, { before: point, to }, '--to')
          return archive(access, { before: point, keep: !drop })
        })
        frame.emit(done, textOf(done, before, done.kept ? 'kept in job_queue_log_archive' : 'dropped'))
      },
    )
    .option('--before <seq|time>', '30d, 2026-11-24, or the number of the last event to take out')
    .option('--to <file>', 'JSON lines, compressed: whole on the disk before anything is taken out')
    .option('--drop', 'keep nothing of them')
}

function textOf(
  { archived, archivedSeq, unkept, file }: ArchiveDocument,
  before: string,
  otherwise: string,
): string {
  const also =
    unkept === 0 ? '' : `, and with them ${count(unkept)} that were kept in job_queue_log_archive before`
  if (archived > 0)
    return `${plural(archived, 'event')} taken out of the log, up to ${archivedSeq}: ${file ?? otherwise}${also}`
  if (file !== null)
    return `another process took the events from before ${before} out meanwhile; ${file} has them as well`
  return `the log has no event from before ${before}; nothing was taken out`
}
