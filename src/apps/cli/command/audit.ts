import { invalidInput } from '../../../engine/core/index.ts'
import { auditLog, type Statement, statementMarkdown } from '../../../tools/audit/index.ts'
import { count, duration, plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import type { Frame } from '../frame.ts'
import { onlyFrom } from '../show/only-from.ts'
import { type ArchiveFlags, addArchiveFlag, withLog } from '../store.ts'
import { grid } from '../terminal/grid.ts'
import type { TextLines } from '../terminal/lines.ts'
import { table } from '../terminal/table.ts'

/** A log that broke one promise usually breaks more; the first ones show the cause. */
const SHOWN = 20

interface Options extends ArchiveFlags {
  readonly markdown?: boolean
}

export function addAudit(cli: Cli): void {
  addArchiveFlag(
    cli
      .command<Options>(
        'audit',
        [
          ['audit', 'exit code 3 if there is any violation'],
          ['audit --markdown > audit.md', 'a report to file: promises, models, and a digest of the log'],
          ['audit --json', 'every violation, and every overlap on a model with who held it and for how long'],
        ],
        async (frame, _, { markdown = false, fromArchive }) => {
          if (markdown && frame.json)
            throw invalidInput('--markdown and --json are two forms of the same; give one')
          const said = await withLog(frame, fromArchive, auditLog)
          frame.emit(said, markdown ? statementMarkdown(said).trimEnd().split('\n') : textOf(frame, said))
          if (said.violations.length > 0 || said.overlaps.length > 0) throw new FoundSomething()
        },
      )
      .option('--markdown', 'the whole report as a page'),
  )
}

function textOf(frame: Frame, said: Statement): TextLines {
  const { queue, violations, overlaps, fromSeq, events, jobs, brought, attempts, maxConcurrent } = said
  if (events === 0)
    return `nothing to look at: the log of queue ${queue} has no event ${fromSeq === 1 ? 'yet' : `after the cut at ${count(fromSeq - 1)}`}`
  const head = `${plural(violations.length, 'violation')} in ${plural(events, 'event')}${onlyFrom(fromSeq)}: ${plural(jobs + brought, 'job')}, ${plural(attempts, 'attempt')}, at most ${count(maxConcurrent)} at once`
  const rows = violations
    .slice(0, SHOWN)
    .map(({ seq, rule, jobId, detail }) => [seq, rule, jobId ?? '—', detail])
  const found = rows.length === 0 ? [] : table(['seq', 'rule', 'job', 'what'], rows, { right: [0] })
  const shared = overlaps
    .slice(0, SHOWN)
    .map(({ model, fromSeq, ms, holders }) => [
      ...[fromSeq, model, duration(ms), holders.map(({ jobId }) => jobId).join(', ')],
    ])
  const heads = ['from', 'overlap on', 'for', 'held by']
  return [
    head,
    ...found,
    ...(shared.length === 0
      ? []
      : ['', ...grid(frame, heads, shared, { right: [0, 2], give: { 'overlap on': 16, 'held by': 36 } })]),
  ]
}
