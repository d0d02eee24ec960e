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
          'moves events to job_queue_log_archive, where every command still reads them',
        ],
        [
          'archive --before 30d --to old.jsonl.gz',
          'moves these events, and those in job_queue_log_archive, to a file, out of the database; log, audit, replay, stats, verify, rebuild and what-if read it by --from-archive old.jsonl.gz',
        ],
        ['archive --before 30d --drop', 'deletes events for good'],
      ],
      async (frame, _, { before, to, drop = false }) => {
        if (before === undefined)
          throw invalidInput(
            '--before: say which events: 30d for those older than 30 days, or the number of the last one',
          )
        if (to !== undefined && drop)
          throw invalidInput('--drop: cannot be used together with --to; leave one of them out')
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
    .option('--before <seq|time>', '30d, 2026-11-24, or the number of the last event to archive')
    .option('--to <file>', 'compressed JSON lines; the file is complete on disk before any event is deleted')
    .option('--drop', 'delete the events, and those archived before')
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
    return `another process archived the events before ${before} meanwhile; ${file} has them too`
  return `the log has no event before ${before}; nothing was archived`
}
