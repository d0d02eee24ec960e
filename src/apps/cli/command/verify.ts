import { clip, count, plural } from '../../../tools/format/index.ts'
import { anchorOf } from '../../../tools/history/chain.ts'
import { type Access, type Verification, verify } from '../../../tools/history/index.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import { onlyFrom } from '../show/only-from.ts'
import { type ArchiveFlags, addArchiveFlag, withLog } from '../store.ts'
import type { TextLines } from '../terminal/lines.ts'
import { table } from '../terminal/table.ts'

const SHOWN = 20

interface Options extends ArchiveFlags {
  readonly anchor?: string
}

export function addVerify(cli: Cli): void {
  addArchiveFlag(
    cli
      .command<Options>(
        'verify',
        [
          [
            'verify',
            'exit code 3 if an event is missing or impossible, a hash of the chain is wrong, or a row differs from the log',
          ],
          [
            'verify --anchor 812:5f1c…',
            'exit code 3 also if event 812 is no longer the one that `interlock chain` printed, or if the chain is gone',
          ],
          ['verify --json', 'the first bad event, and every difference between a row and the log'],
        ],
        async (frame, _, options) => {
          if (options.anchor !== undefined) anchorOf(options.anchor, '--anchor')
          const look = async (access: Access) => {
            const found = await verify(access, { anchor: options.anchor })
            // A missing queue is not a sound one. If only its head is gone, that was found already.
            if (found.ok) await access.store.open(frame.queue, { make: false })
            return found
          }
          const result = await withLog(frame, options.fromArchive, look, 'pass')
          frame.emit(result, textOf(result, options.fromArchive !== undefined))
          if (!result.ok) throw new FoundSomething()
        },
      )
      .option('--anchor <number:hash>', 'an earlier anchor that has to be on the hash chain'),
  )
}

function textOf(result: Verification, withFiles: boolean): TextLines {
  const { ok, fromSeq, events, jobs, firstBad, differences, payloads, chain } = result
  if (ok) {
    return `verified: ${plural(events, 'event')} replayed${onlyFrom(fromSeq)}, the state and ${plural(jobs, 'live job')} are what the log says${payloadsText(payloads)}${chain === null ? '' : `; the hash chain holds from event ${chain.from} on`}`
  }
  const log =
    firstBad === null
      ? []
      : [`the log is not sound from event ${firstBad.seq} on: ${firstBad.what}`, firstBad.todo]
  const findings = [...log, ...changedText(payloads)]
  if (differences.length === 0) return findings
  const rows = differences
    .slice(0, SHOWN)
    .map(({ row, field, stored, folded }) => [row, field, shown(stored), shown(folded)])
  const todo = withFiles
    ? 'run verify without --from-archive to see whether the rows or the files are wrong'
    : differences.every(isOfIncoming)
      ? 'somebody has changed what SQL has put in: look at these rows, then delete them'
      : 'write the rows again: npx interlock-queue rebuild'
  return [
    ...findings,
    `${plural(differences.length, 'difference')}; ${todo}`,
    ...table(['row', 'field', 'stored', 'by the log'], rows),
  ]
}

const isOfIncoming = ({ row }: Verification['differences'][number]): boolean =>
  /^job_queue_(inbox|submissions) /.test(row)

/** Nothing is said of a queue without payloads. */
function payloadsText(payloads: Verification['payloads']): string {
  const { same = 0, notCompared = 0 } = payloads ?? {}
  if (same + notCompared === 0) return ''
  const rest = notCompared === 0 ? '' : ` (not compared: ${count(notCompared)})`
  return `, ${plural(same, 'payload')} ${same === 1 ? 'is' : 'are'} what was enqueued${rest}`
}

function changedText(payloads: Verification['payloads']): readonly string[] {
  const { changed = 0, changedJobs = [] } = payloads ?? {}
  if (changed === 0) return []
  const named = changedJobs.slice(0, SHOWN).map(({ jobId, seq }) => `${jobId} (event ${seq})`)
  const more = changed > named.length ? ` and ${count(changed - named.length)} more` : ''
  return [
    `${plural(changed, 'payload')} ${changed === 1 ? 'is' : 'are'} not what was enqueued: ${named.join(', ')}${more}`,
    'the log has no payloads: restore them from a backup of interlock.job_queue_data, or cancel these jobs and enqueue them again',
  ]
}

const shown = (value: unknown): string => clip(JSON.stringify(value) ?? 'nothing', 24)
