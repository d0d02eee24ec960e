import { invalidInput, type Operator, type RecordedEvent } from '../../../engine/core/index.ts'
import { parseJobId } from '../../../engine/events/index.ts'
import { type Opened, opened } from '../../../tools/history/access.ts'
import { changedBy, type EventQuery, fitsQuery } from '../../../tools/history/event-query.ts'
import { orCut } from '../../../tools/history/fold.ts'
import { eventDocument, followEvents, readEvents } from '../../../tools/history/index.ts'
import { historyOf, type JobHistory } from '../../../tools/history/job-history.ts'
import { beginningAt, checkOrder, endingAt, type Point } from '../../../tools/history/log-point.ts'
import { searchLog } from '../../../tools/history/log-search.ts'
import { operatorsBy, operatorText } from '../../../tools/history/operators.ts'
import type { Cli } from '../cli.ts'
import { eventLine } from '../event-text.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { checkMoment, pointOf } from '../since.ts'
import { type ArchiveFlags, addArchiveFlag, withLog } from '../store.ts'

interface Options extends ArchiveFlags {
  readonly job?: string
  readonly limit?: string
  readonly tail?: string
  readonly since?: string
  readonly until?: string
  readonly operator?: string
  readonly changes?: boolean
  readonly follow?: boolean
}

export function addLog(cli: Cli): void {
  addArchiveFlag(
    cli
      .command<Options>(
        'log',
        [
          ['log', 'the last 20'],
          ['log --since 10m', 'those of the last ten minutes; also 14:03:07 or 2026-11-24T15:00:00Z'],
          [
            'log --job report-1',
            'what has happened to one job, when, and who did it; a unique prefix of its id works',
          ],
          ['log --since 14:00 --until 14:10 --changes', 'what somebody changed then, and who'],
          ['log --operator ada', 'what was done by an operator, or by a process whose id begins so'],
          [
            'log --from-archive old.jsonl.gz --since 1 --until 20',
            'events 1 to 20, from a file of `archive --to`; where a file begins, its first line says: zcat old.jsonl.gz | head -1',
          ],
          ['log --tail 20', 'the last 20, then new ones, until Ctrl-C'],
          ['log --follow --json', 'as they come, one JSON document per line'],
        ],
        async (frame, _, options) => {
          const range = rangeOf(options)
          await withLog(frame, options.fromArchive, async (given) => {
            const access = opened(given)
            await checkOrderOf(access, range)
            const after = await orCut(access, await beginOf(access, range))
            if (options.job !== undefined) return logOfJob(frame, access, range, options.job)
            if (range.isLive) return follow(frame, access, after, range.query)
            const events = range.isSearch
              ? await searched(access, range)
              : await eventsOf(access, after, await endOf(access, range))
            await showAll(frame, access, events.slice(-most(range)), noneOf(frame, options.since))
          })
        },
      )
      .option(
        '--job <job>',
        'only the events of this job, since it was last enqueued; with --since also those of earlier jobs with this id',
      )
      .option('--limit <n>', 'only the last <n> (default: 20; with --since or --job: all)')
      .option('--since <seq|time>', '10m, 14:03:07, 2026-11-24T15:00:00Z, or an event by its number')
      .option(
        '--until <seq|time>',
        'up to and with that event or second; 14:03 is the beginning of that minute',
      )
      .option(
        '--operator <name>',
        'only what this person (--by) or role (--as) did, or a process whose id begins so; capital and small letters are the same',
      )
      .option(
        '--changes',
        'only what changed the queue: policy, pauses, drain, order, cancellations, schedules',
      )
      .option('--follow', 'follow new events')
      .option('--tail <n>', 'short for --limit <n> --follow; 0: only new events'),
  )
}

interface Range {
  readonly since: string | undefined
  readonly until: string | undefined
  readonly query: EventQuery
  /** Only some events are shown. */
  readonly isSearch: boolean
  readonly limit: number | undefined
  /** Goes on as events come. */
  readonly isLive: boolean
  readonly isOfJob: boolean
}

/** @throws InterlockError `invalid_input` */
function rangeOf(options: Options): Range {
  const {
    job,
    limit,
    tail,
    since,
    until,
    operator = null,
    changes = false,
    follow: isFollowed = false,
  } = options
  if (limit !== undefined && tail !== undefined)
    throw invalidInput('--tail <n> is short for --limit <n> --follow; give --tail alone')
  checkMoment('--since', since)
  checkMoment('--until', until)
  const isLive = isFollowed || tail !== undefined
  if (isLive && until !== undefined) throw invalidInput('--follow has no end; give it without --until')
  const last = wholeNumber('--tail', tail, 0, 1_000_000) ?? wholeNumber('--limit', limit, 1, 1_000_000)
  const query = { type: changes ? 'changes' : null, job: job ?? null, worker: null, operator, words: [] }
  const isSearch = operator !== null || changes
  return { since, until, query, isSearch, limit: last, isLive, isOfJob: job !== undefined }
}

/** The last events that fit, in their order. */
async function searched(access: Opened, range: Range): Promise<readonly RecordedEvent[]> {
  const { since, until, query } = range
  const point = async (flag: string, text: string | undefined): Promise<Point | undefined> =>
    text === undefined ? undefined : pointOf(access, flag, text)
  const stretch = { since: await point('--since', since), until: await point('--until', until) }
  const found: RecordedEvent[] = []
  for (let before: number | null | undefined; before !== null && found.length < most(range); ) {
    const limit = Math.min(most(range) - found.length, 1_000)
    const page = await searchLog(access, { ...query, ...stretch, before, limit, withPeople: true })
    found.push(...page.events)
    before = page.before
  }
  return found.reverse()
}

/** @throws InterlockError `invalid_input` if it ends before it begins */
async function checkOrderOf(access: Opened, { since, until }: Range): Promise<void> {
  if (since === undefined || until === undefined) return
  checkOrder(await pointOf(access, '--since', since), await pointOf(access, '--until', until))
}

async function eventsOf(access: Opened, after: number, upTo: number | undefined) {
  const events: RecordedEvent[] = []
  for await (const event of readEvents(access, { after, upTo })) events.push(event)
  return events
}

async function endOf(access: Opened, { until }: Range): Promise<number | undefined> {
  if (until === undefined) return undefined
  return (await endingAt(access, 'until', await pointOf(access, '--until', until))).seq
}

async function showAll(
  frame: Frame,
  access: Opened,
  events: readonly RecordedEvent[],
  none: string,
): Promise<void> {
  const who = await operatorsBy(access, events.flatMap(ruledBy))
  const lines = events.map((event) => lineOf(frame, event, who))
  frame.emit(events.map(eventDocument), lines.length > 0 ? lines : none)
}

/** The events of the last life of a job, or of all its lives since a time; the last so many of them; and, if asked, those that come. */
async function logOfJob(frame: Frame, access: Opened, given: Range, text: string): Promise<void> {
  const { jobId, events } = await historyIn(access, text)
  const range = { ...given, query: { ...given.query, job: jobId } }
  const shown =
    range.since === undefined ? await lastOf(access, events, range) : await searched(access, range)
  if (!range.isLive) return showAll(frame, access, shown, `${noneOf(frame, range.since)} of job ${jobId}`)
  const first = shown[0]?.seq ?? (events.at(-1)?.seq ?? 0) + 1
  await follow(frame, access, first - 1, range.query)
}

/** The last of these that fit. */
async function lastOf(access: Opened, events: readonly RecordedEvent[], range: Range) {
  if (range.limit === 0) return []
  const upTo = (await endOf(access, range)) ?? Number.POSITIVE_INFINITY
  const who = await operatorsBy(
    access,
    events.flatMap(({ workerId }) => workerId ?? []),
  )
  return events.filter((event) => event.seq <= upTo && fitsQuery(event, range.query, who)).slice(-most(range))
}

/** Most jobs are found by an index: their whole last life, unless it is very long or began before the log does. */
async function historyIn(access: Opened, text: string): Promise<JobHistory> {
  if (access.files !== undefined) return historyOf(access, text)
  const { events } = await access.store.ofJob(access.queue, parseJobId(text))
  return events[0]?.type === 'queued' ? { jobId: text, events } : historyOf(access, text)
}

const noneOf = (frame: Frame, since: string | undefined): string =>
  `no event${since === undefined ? '' : ` since ${since}`} in the log of queue ${frame.queue}`

/** The last so many, also of those since a time. */
const most = ({ since, limit, isOfJob }: Range): number =>
  limit ?? (since === undefined && !isOfJob ? 20 : Number.POSITIVE_INFINITY)

/** The number of the event before the first one to show. */
async function beginOf(access: Opened, range: Range): Promise<number> {
  const version = (await endOf(access, range)) ?? (await access.store.rows(access.queue, 0, 1)).version
  const last = Math.max(0, version - (range.isOfJob ? version : most(range)))
  if (range.since === undefined) return last
  const { seq } = await beginningAt(access, 'since', await pointOf(access, '--since', range.since))
  return Math.max(seq, last)
}

const ruledBy = (event: RecordedEvent): readonly string[] => {
  const process = changedBy(event)
  return process === null ? [] : [process]
}

function lineOf(frame: Frame, event: RecordedEvent, operators: ReadonlyMap<string, Operator>): string {
  const [process] = ruledBy(event)
  const who = process === undefined ? undefined : operators.get(process)
  return eventLine(frame, event, { by: who === undefined ? process : operatorText(who) })
}

async function follow(frame: Frame, access: Opened, after: number, query: EventQuery): Promise<void> {
  for await (const event of followEvents(access, { after })) {
    const { workerId } = event
    const asked =
      workerId === undefined || (query.operator === null && ruledBy(event).length === 0) ? [] : [workerId]
    const who = await operatorsBy(access, asked)
    if (!fitsQuery(event, query, who)) continue
    frame.print(frame.json ? JSON.stringify(eventDocument(event)) : lineOf(frame, event, who))
  }
}
