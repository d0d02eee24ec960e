import { stateOn } from '../../../machines/index.ts'
import {
  explainJob,
  InterlockError,
  jobOf,
  type Ledger,
  type Micros,
  projectionOf,
} from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { count, isoTime, isoTimeOrNull, timeText } from '../format.ts'
import type { Frame } from '../frame.ts'
import { type ArchiveFlags, addArchiveFlag, withLog } from '../history/archive-file.ts'
import { ledgerAt, orCut } from '../history/fold.ts'
import { stateName, stepThrough } from '../history/steps.ts'
import { oneOf } from '../job-id.ts'
import { explanationDocument, explanationText } from '../show/explanation.ts'
import { pausedModels } from '../show/paused.ts'
import { activeFirst, queueText, telling, toldDocument } from '../show/queue.ts'
import { stateDocument, stateText } from '../show/state.ts'
import { beginningAt, checkMoment, endingAt } from '../since.ts'
import { speedOf } from '../speed.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options extends ArchiveFlags {
  readonly to?: string
  readonly from?: string
  readonly job?: string
  readonly limit?: string
  readonly follow?: boolean
  readonly speed?: string
}

export function addReplay(cli: Cli): void {
  addArchiveFlag(
    cli
      .command<Options>(
        'replay',
        [
          [
            'replay --to 14:03:07',
            'what ran and what waited then; also a number of the log, 10m, or 2026-11-24T15:00:00Z',
          ],
          ['replay --to 812 --job report-1', 'why that job did not run when the log had 812 events'],
          [
            'replay --follow --from 10m --speed 5',
            'each event and where the machine stands after it, five times as fast',
          ],
          ['replay --follow --speed 0 --json', 'all of it without a pause, one JSON document per line'],
        ],
        async (frame, _, options) => {
          const limit = wholeNumber('--limit', options.limit, 1, 1_000_000) ?? 20
          const speed = speedOf(options.speed ?? '1')
          checkTogether(options)
          checkMoment('--to', options.to)
          checkMoment('--from', options.from)
          await withLog(frame, options.fromArchive, async (store) => {
            const asked = await askedFor(frame, store, options.to)
            if (options.follow === true) return follow(frame, store, asked.seq, options.from, speed)
            const ledger = await ledgerAt(frame, store, asked.seq)
            // An event of the very second that was asked for may have come later in it.
            const at = Math.max(asked.at, ledger.lastAt)
            if (options.job !== undefined) return showJob(frame, ledger, at, options.job)
            showQueue(frame, ledger, at, limit)
          })
        },
      )
      .option('--to <seq|time>', 'after that event, or that time with all of its second; now unless given')
      .option('--job <id>', 'explain this job at that time')
      .option('--limit <n>', 'how many live jobs to show (default: 20)')
      .option('--follow', 'step through the events')
      .option(
        '--from <seq|time>',
        'with --follow: the first event to show; what came before is folded without showing it',
      )
      .option(
        '--speed <x>',
        'with --follow: times as fast as it happened, 0 for no pause (default: 1); a pause is at most 2 s',
      ),
  )
}

/** What would be of no effect is refused: whoever gave it means something. @throws InterlockError `invalid_input` */
function checkTogether({ follow = false, from, speed, job, limit }: Options): void {
  const given = (flags: Readonly<Record<string, unknown>>) =>
    Object.entries(flags).find(([, value]) => value !== undefined)?.[0]
  const idle = follow
    ? given({ '--job': job, '--limit': limit })
    : given({ '--from': from, '--speed': speed })
  if (idle !== undefined) throw bad(`${idle}: is ${follow ? 'not ' : ''}for --follow; leave one of them out`)
  if (job !== undefined && limit !== undefined) throw bad('--limit: is not for --job; leave one of them out')
}

/** What is asked for: the queue after this event, seen at this moment. */
interface Asked {
  readonly seq: number
  readonly at: Micros
}

/** A moment of time at that moment, an event at its own; without either, now. */
async function askedFor(frame: Frame, store: LogStore, text: string | undefined): Promise<Asked> {
  if (text === undefined) {
    const { version, now } = await store.read(frame.queue, 0, 1)
    return { seq: version, at: now }
  }
  const { seq, at, asked } = await endingAt(store, frame.queue, '--to', text)
  return { seq, at: asked ?? at }
}

async function follow(frame: Frame, store: LogStore, to: number, begin: string | undefined, speed: number) {
  const wished = begin === undefined ? 0 : (await beginningAt(store, frame.queue, '--from', begin)).seq
  const at = await orCut(frame, store, wished)
  await stepThrough(frame, store, { from: await ledgerAt(frame, store, at), to, speed })
}

function showJob(frame: Frame, ledger: Ledger, at: Micros, text: string): void {
  const jobId =
    jobOf(ledger, text) === undefined ? (oneOf({ text }, beginningSo(ledger, text)) ?? text) : text
  const found = explainJob(ledger, jobId, at)
  if (found !== undefined)
    return frame.emit(
      { version: ledger.version, at: isoTime(at), ...explanationDocument(found) },
      explanationText(frame, found),
    )
  throw new InterlockError(
    'job_not_live',
    `job ${jobId} was not live when the log had ${ledger.version} events; see when it was: interlock explain ${jobId}`,
  )
}

const beginningSo = (ledger: Ledger, text: string): readonly string[] =>
  [...ledger.jobs].map(({ jobId }) => jobId).filter((id) => id.startsWith(text))

function showQueue(frame: Frame, ledger: Ledger, at: Micros, limit: number): void {
  const projection = projectionOf(ledger)
  const rows = projection.jobs.toSorted(activeFirst)
  const shown = rows.slice(0, limit).map(telling(ledger, at))
  const machine = stateOn(ledger)
  const paused = pausedModels(ledger)
  const last = ledger.version === 0 ? null : ledger.lastAt
  const title = [
    ['queue', frame.colors.bold(frame.queue)],
    ['as of', at === 0 ? 'before the first event' : timeText(at)],
    ['last event', last === null ? 'none yet' : `${count(ledger.version)}, ${timeText(last)}`],
    ['machine', stateName(machine)],
  ] as const
  const state = stateText(frame, projection, at, { paused, title })
  frame.emit(
    {
      queue: frame.queue,
      at: at === 0 ? null : isoTime(at),
      lastEventAt: isoTimeOrNull(last),
      machine,
      ...stateDocument(projection, paused),
      total: rows.length,
      jobs: shown.map(toldDocument),
    },
    rows.length === 0 ? state : `${state}\n\n${queueText(frame, shown, rows.length, at)}`,
  )
}

const bad = (message: string): InterlockError => new InterlockError('invalid_input', message)
