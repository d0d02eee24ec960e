import { dropDead } from '../../../engine/coordinator/dead-letters.ts'
import type { DeadFilter } from '../../../engine/coordinator/index.ts'
import type { DeadJob } from '../../../engine/store/index.ts'
import { isoTime, plural, timeText } from '../../../tools/format/index.ts'
import { type SpecDocument, specDocument } from '../../../tools/history/documents.ts'
import type { Cli } from '../cli.ts'
import { checkFound, checkNamesSome, type DeadFlags, deadFilter, deadWith } from '../dead-filter.ts'
import { wholeNumber } from '../flag-value.ts'
import { errorFlag } from '../job-filter.ts'
import { deadIdOf } from '../job-id.ts'
import { withStore } from '../store.ts'
import { grid } from '../terminal/grid.ts'

interface Options extends DeadFlags {
  readonly limit: string
  readonly drop?: boolean
}

/** A dead letter: times as ISO texts. */
type DeadDocument = Omit<DeadJob, 'at' | 'spec'> & { readonly at: string; readonly spec: SpecDocument }

interface DropDocument {
  /** How many dead letters left the list. */
  readonly dropped: number
}

export function addDead(cli: Cli): void {
  cli
    .command<Options>(
      'dead',
      [
        ['dead', 'the newest 100, each with what went wrong'],
        ['dead --model flux-dev --since 24h', 'those of the last day that need this model'],
        [
          'dead --error "timed out"',
          'those that failed with it; `retry --error "timed out"` puts them in line again',
        ],
        [
          'dead report-1 --drop',
          'removes it from the list, and deletes its payload and error; the log still says that it failed',
        ],
      ],
      async (frame, [text], flags) => {
        const limit = wholeNumber('--limit', flags.limit, 1, 1_000) ?? 100
        if (flags.drop === true) checkNamesSome('dead --drop', text, flags)
        await withStore(frame, async (store) => {
          const { now } = await store.rows(frame.queue, 0, 1)
          const jobId = text === undefined ? undefined : await deadIdOf({ frame, store, text })
          const filter = deadFilter(now, jobId, flags)
          const letters = { store, queue: frame.queue }
          if (flags.drop === true) {
            const dropped = await drop(letters, filter, flags)
            checkFound(frame, jobId, dropped)
            return frame.emit({ dropped } satisfies DropDocument, `${plural(dropped, 'dead letter')} dropped`)
          }
          const dead = await deadWith(letters, filter, { error: flags.error, limit })
          checkFound(frame, jobId, dead.length)
          const rows = dead.map(({ jobId: id, at, code, attempts, spec, error }) => [
            id,
            timeText(at),
            code,
            attempts,
            spec.models.join(', '),
            messageOf(error),
          ])
          frame.emit(
            dead.map(
              ({ at, spec, ...job }): DeadDocument => ({ ...job, spec: specDocument(spec), at: isoTime(at) }),
            ),
            rows.length === 0
              ? 'no dead letters'
              : grid(frame, ['job', 'ended', 'why', 'attempts', 'models', 'error'], rows, {
                  right: [3],
                  give,
                }),
          )
        })
      },
    )
    .option('--model <name>', 'only those that need this model')
    .option('--since <time>', 'only those that ended since: 10m, 24h, 7d, 14:03:07 or 2026-11-24T15:00:00Z')
    .option(...errorFlag)
    .option('--limit <n>', 'how many to show, up to 1,000', '100')
    .option('--drop', 'remove them from the list, and delete their payloads and errors')
    .option('--all', 'with --drop: all of them')
}

/** Those of an error are found first. */
async function drop(
  letters: Parameters<typeof deadWith>[0],
  filter: DeadFilter,
  { error }: DeadFlags,
): Promise<number> {
  if (error === undefined) return dropDead(letters, filter)
  const found = await deadWith(letters, filter, { error, limit: Number.POSITIVE_INFINITY })
  return found.length === 0 ? 0 : dropDead(letters, { jobIds: found.map(({ jobId }) => jobId) })
}

/** Columns that give way in a narrow terminal. */
const give = { error: 20, models: 12, job: 36 }

/** The first line of the last attempt's error. */
function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message
  return typeof message === 'string' ? (message.split('\n')[0] ?? '') : ''
}
