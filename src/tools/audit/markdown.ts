import { checkStatement } from '../../engine/events/index.ts'
import { count, duration, plural } from '../format/index.ts'
import type { Statement } from './statement.ts'

/** People need the first ones to find the cause; `--json` has the rest. */
const SHOWN = 100
const MODELS_SHOWN = 30

/** A part of the report: a heading, a paragraph, or a table. */
export type ReportPart =
  | { readonly heading: string }
  | { readonly text: string }
  | { readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[] }

/** How names and what matters most stand out. */
interface Marks {
  readonly code: (name: string) => string
  readonly strong: (text: string) => string
}

/** The statement as a page that can be filed. @throws InterlockError `invalid_input` for what is no statement, naming the path */
export function statementMarkdown(said: Statement): string {
  checkStatement(said)
  const parts = reportOf(said, { code, strong: (text) => `**${text}**` }).map(markdownOf)
  return `${[`# Audit of queue ${code(said.queue)}`, ...parts].join('\n\n')}\n`
}

function markdownOf(part: ReportPart): string {
  if ('heading' in part) return `## ${part.heading}`
  return 'text' in part ? part.text : grid(part.heads, part.rows)
}

/** The whole report, for any form: what was found, of what, and how it was made. */
export const reportOf = (said: Statement, marks: Marks): readonly ReportPart[] => [
  verdict(said, marks),
  ...unread(said, marks),
  { heads: ['', ''], rows: facts(said, marks) },
  { heading: 'Promises' },
  {
    heads: ['rule', 'violations', 'promise'],
    rows: said.promises.map(({ rule, promise, violations }) => [
      marks.code(rule),
      count(violations),
      promise,
    ]),
  },
  ...violations(said, marks),
  ...overlaps(said, marks),
  { heading: 'Models' },
  ...models(said, marks),
  { heading: 'How this was made' },
  {
    text: `The audit went over the ${plural(said.events, 'event')} of the log once. Its code shares nothing with the code that lets jobs start. The digest is SHA-256 over the log as it was read. From the same log, ${marks.code(commandFor(said))} gives you the same digest and the same findings; only time and store differ. A log in which one event was changed, added or removed has another digest.`,
  },
]

/** What reads the same events again, also once the log has more. */
const commandFor = ({ fromSeq, toSeq }: Statement): string =>
  `npx interlock-queue audit${fromSeq === 1 ? '' : ` --since ${fromSeq}`} --until ${toSeq}`

function verdict({ violations, overlaps, fromSeq, toSeq, events }: Statement, { strong }: Marks): ReportPart {
  if (events === 0)
    return { text: `${strong('There was nothing to audit')}: no event was read, so nothing is proved.` }
  if (violations.length === 0 && fromSeq > 1)
    return {
      text: `${strong(`No promise was broken in events ${count(fromSeq)} to ${count(toSeq)}.`)} No model had more holders than its capacity in any of these ${plural(events, 'event')}.`,
    }
  if (violations.length === 0)
    return {
      text: `${strong('No promise was broken.')} No model ever had more holders than its capacity, in any of the ${plural(events, 'event')}.`,
    }
  return {
    text: `${strong(plural(violations.length, 'violation'))}, ${plural(overlaps.length, 'overlap')}: times in which a model had more holders than its capacity.`,
  }
}

/** What the report does not cover; its reader has to know. */
function unread({ fromSeq }: Statement, { strong, code: named }: Marks): readonly ReportPart[] {
  if (fromSeq === 1) return []
  const which = strong(`Events 1 to ${count(fromSeq - 1)} were not read`)
  return [
    {
      text: `${which}: they are archived, or the audit was to begin later. This report does not cover them. The state that they led to was taken as true. Rules that have to remember what was before, such as ${named('once')} and ${named('passed')}, find less at first.`,
    },
  ]
}

function facts(said: Statement, { code }: Marks): string[][] {
  const {
    store,
    fromSeq,
    toSeq,
    firstAt,
    lastAt,
    events,
    jobs,
    brought,
    attempts,
    completed,
    failed,
    cancelled,
    expired,
    live,
  } = said
  return [
    ['store', code(store)],
    [
      'log',
      events === 0
        ? 'no event'
        : `events ${count(fromSeq)} to ${count(toSeq)}, ${firstAt ?? '—'} to ${lastAt ?? '—'}`,
    ],
    [
      'jobs',
      `${count(jobs + brought)}${brought === 0 ? '' : `, of which ${count(brought)} were queued before event ${count(fromSeq)}`}: ${count(completed)} completed, ${count(failed)} failed, ${count(cancelled)} cancelled, ${count(expired)} expired, ${count(live)} live`,
    ],
    ['attempts', `${count(attempts)}, at most ${count(said.maxConcurrent)} at once`],
    ['digest', code(said.digest)],
    ['audited', `${said.auditedAt} by interlock ${said.release}`],
  ]
}

function violations({ violations: all }: Statement, { code }: Marks): readonly ReportPart[] {
  if (all.length === 0) return []
  const rows = all
    .slice(0, SHOWN)
    .map(({ seq, rule, jobId, detail }) => [
      String(seq),
      code(rule),
      jobId === null ? '—' : code(jobId),
      detail,
    ])
  const heads = ['event', 'rule', 'job', 'what']
  return [{ heading: 'Violations' }, { heads, rows }, ...rest(all.length, SHOWN)]
}

function overlaps({ overlaps: all }: Statement, { code }: Marks): readonly ReportPart[] {
  if (all.length === 0) return []
  const rows = all
    .slice(0, SHOWN)
    .map(({ model, places, fromSeq, toSeq, ms, holders }) => [
      code(model),
      String(places),
      `${fromSeq} to ${toSeq ?? 'the end'}`,
      duration(ms),
      holders.map(({ jobId, token }) => `${code(jobId)} (${token})`).join(', '),
    ])
  const heads = ['model', 'places', 'events', 'for', 'held by (token)']
  return [{ heading: 'Overlaps' }, { heads, rows }, ...rest(all.length, SHOWN)]
}

function models({ models: all }: Statement, { code }: Marks): readonly ReportPart[] {
  if (all.length === 0) return [{ text: 'None was used.' }]
  const rows = all
    .slice(0, MODELS_SHOWN)
    .map(({ model, attempts, busyMs, most, places, overlaps: found }) => [
      ...[code(model), count(attempts), duration(busyMs), `${most} of ${places}`, count(found.length)],
    ])
  const heads = ['model', 'attempts', 'in use for', 'at most', 'overlaps']
  return [{ heads, rows }, ...rest(all.length, MODELS_SHOWN)]
}

const rest = (all: number, shown: number): readonly ReportPart[] =>
  all > shown
    ? [{ text: `… and ${count(all - shown)} more; all of them: npx interlock-queue audit --json` }]
    : []

function grid(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Names are given by users: a code span with as many backticks as they need. */
function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return longest === 0 ? `${fence}${text}${fence}` : `${fence} ${text} ${fence}`
}
