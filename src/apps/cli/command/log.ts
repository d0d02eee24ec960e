import type { Operator, RecordedEvent } from '../../../engine/core/index.ts'
import { type Opened, opened } from '../../../tools/history/access.ts'
import { orCut } from '../../../tools/history/fold.ts'
import { eventDocument, followEvents, readEvents } from '../../../tools/history/index.ts'
import { beginningAt } from '../../../tools/history/log-point.ts'
import { operatorsBy } from '../../../tools/history/operators.ts'
import type { Cli } from '../cli.ts'
import { eventLine } from '../event-text.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { checkMoment, pointOf } from '../since.ts'
import { type ArchiveFlags, addArchiveFlag, withLog } from '../store.ts'

interface Options extends ArchiveFlags {
  readonly limit?: string
  readonly since?: string
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
          ['log --follow --json', 'as they come, one JSON document per line'],
        ],
        async (frame, _, options) => {
          const limit = wholeNumber('--limit', options.limit, 1, 1_000_000)
          checkMoment('--since', options.since)
          await withLog(frame, options.fromArchive, async (given) => {
            const access = opened(given)
            const after = await orCut(access, await beginOf(access, options.since, limit))
            if (options.follow === true) return follow(frame, access, after)
            const events: RecordedEvent[] = []
            for await (const event of readEvents(access, { after })) events.push(event)
            const shown = events.slice(-most(options.since, limit))
            const who = await operatorsBy(access, shown.flatMap(ruledBy))
            const lines = shown.map((event) => lineOf(frame, event, who))
            frame.emit(shown.map(eventDocument), lines.length > 0 ? lines : noneOf(frame, options.since))
          })
        },
      )
      .option('--limit <n>', 'only the last so many; 20, or with --since all')
      .option('--since <seq|time>', '10m, 14:03:07, 2026-11-24T15:00:00Z, or an event by its number')
      .option('--follow', 'go on as events come'),
  )
}

const noneOf = (frame: Frame, since: string | undefined): string =>
  `no event${since === undefined ? '' : ` since ${since}`} in the log of queue ${frame.queue}`

/** The last so many, also of those since a time. */
const most = (since: string | undefined, limit: number | undefined): number =>
  limit ?? (since === undefined ? 20 : Number.POSITIVE_INFINITY)

/** The number of the event before the first one to show. */
async function beginOf(
  access: Opened,
  since: string | undefined,
  limit: number | undefined,
): Promise<number> {
  const { version } = await access.store.read(access.queue, 0, 1)
  const last = Math.max(0, version - most(since, limit))
  if (since === undefined) return last
  const { seq } = await beginningAt(access, 'since', await pointOf(access, '--since', since))
  return Math.max(seq, last)
}

/** Events by which people rule the queue: for these, who they were is looked up. */
const ruling: ReadonlySet<RecordedEvent['type']> = new Set([
  ...(['policy_changed', 'model_paused', 'model_resumed', 'drain_requested', 'resumed'] as const),
  ...(['reprioritized', 'cancel_requested', 'cancelled', 'epoch_changed', 'voided'] as const),
])

const ruledBy = ({ type, workerId }: RecordedEvent): readonly string[] =>
  ruling.has(type) && workerId != null ? [workerId] : []

const lineOf = (frame: Frame, event: RecordedEvent, operators: ReadonlyMap<string, Operator>): string =>
  eventLine(frame, event, { who: operators.get(ruledBy(event)[0] ?? '') })

async function follow(frame: Frame, access: Opened, after: number): Promise<void> {
  for await (const event of followEvents(access, { after })) {
    const line = async () => lineOf(frame, event, await operatorsBy(access, ruledBy(event)))
    frame.print(frame.json ? JSON.stringify(eventDocument(event)) : await line())
  }
}
