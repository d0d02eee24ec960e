import { invalidInput } from '../../../engine/core/index.ts'
import { auditLog, type Statement, statementMarkdown } from '../../../tools/audit/index.ts'
import { type ReportPart, reportOf } from '../../../tools/audit/markdown.ts'
import { count, plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import type { Frame } from '../frame.ts'
import { addPeriodFlags, checkPeriod, type PeriodFlags, periodIn } from '../period.ts'
import { withLog } from '../store.ts'
import { grid } from '../terminal/grid.ts'
import { columnsOf, paragraph, paragraphs, type TextLines } from '../terminal/lines.ts'
import { facts } from '../terminal/table.ts'

interface Options extends PeriodFlags {
  readonly markdown?: boolean
}

export function addAudit(cli: Cli): void {
  addPeriodFlags(
    cli
      .command<Options>(
        'audit',
        [
          [
            'audit',
            'prints the report on the whole log: promises, models, a digest; exit code 0: no promise was broken; 3: a violation; 1: the log could not be read',
          ],
          ['audit --markdown > audit.md', 'saves the report, to be filed'],
          ['audit --json', 'every violation; every overlap on a model, with its jobs and how long it lasted'],
          [
            'audit --since 24h',
            'audits the last day only: begins with a whole append, and takes the state before it as true',
          ],
          [
            `audit --json | jq '.overlaps[] | {model, from, holders}'`,
            'the jobs that shared a model, and since when',
          ],
        ],
        async (frame, _, options) => {
          const { markdown = false, fromArchive } = options
          checkPeriod(options)
          if (markdown && frame.json)
            throw invalidInput('--markdown and --json cannot be used together; give one of them')
          const said = await withLog(frame, fromArchive, async (access) =>
            auditLog(access, await periodIn(access, options)),
          )
          frame.emit(said, markdown ? statementMarkdown(said).trimEnd().split('\n') : textOf(frame, said))
          if (said.violations.length > 0 || said.overlaps.length > 0) throw new FoundSomething()
        },
      )
      .option('--markdown', 'print the report as Markdown'),
  )
}

/** Which events were read, if not all from the first one on. */
const stretchOf = ({ fromSeq, toSeq }: Statement): string =>
  fromSeq === 1 ? '' : `, ${count(fromSeq)} to ${count(toSeq)} (what was before is taken as true)`

/** The report that `--markdown` gives, below one line of figures. */
function textOf(frame: Frame, said: Statement): TextLines {
  const { queue, violations, fromSeq, events, jobs, brought, attempts, maxConcurrent, overruns } = said
  if (events === 0)
    return `nothing to audit: the log of queue ${queue} has no event ${fromSeq === 1 ? 'yet' : `after ${count(fromSeq - 1)}`}`
  const head = `${plural(violations.length, 'violation')} in ${plural(events, 'event')}${stretchOf(said)}: ${plural(jobs + brought, 'job')}, ${plural(attempts, 'attempt')}, at most ${count(maxConcurrent)} at once${overruns === 0 ? '' : `; ${plural(overruns, 'attempt')} used more than reserved`}`
  const marks = { code: (name: string) => name, strong: frame.colors.bold }
  return paragraphs([head, ...reportOf(said, marks).map((part) => partText(frame, part))])
}

function partText(frame: Frame, part: ReportPart): TextLines {
  const { bold, dim } = frame.colors
  if ('heading' in part) return bold(part.heading)
  if ('text' in part) return paragraph(part.text, columnsOf(frame.surface.stdout))
  const isFacts = part.heads.every((name) => name === '')
  if (isFacts)
    return facts(
      part.rows.map(([name = '', value = '']) => [name, value] as const),
      dim,
    )
  return grid(frame, part.heads, part.rows, { heading: dim, give: { rule: 12, job: 36, model: 20 } })
}
