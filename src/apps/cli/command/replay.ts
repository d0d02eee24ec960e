import { CoordinatorActor, type CoordinatorState } from '../../../../machines/index.ts'
import { invalidInput, type Ledger, type RecordedEvent, waitingCount } from '../../../engine/core/index.ts'
import { count, isoTime, timeText } from '../../../tools/format/index.ts'
import { opened } from '../../../tools/history/access.ts'
import { explanationDocument, pausedModels } from '../../../tools/history/documents.ts'
import { orCut } from '../../../tools/history/fold.ts'
import { type Access, eventDocument, ledgerAt, type Point, readEvents } from '../../../tools/history/index.ts'
import { beginningAt, endingAt } from '../../../tools/history/log-point.ts'
import { explainedIn, lineOf, type Past, pastOf, replayDocument } from '../../../tools/history/replay.ts'
import type { Cli } from '../cli.ts'
import { eventLine } from '../event-text.ts'
import { speedOf, wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { Pace } from '../pace.ts'
import { explanationText } from '../show/explanation.ts'
import { queueText } from '../show/queue.ts'
import { stateText } from '../show/state.ts'
import { checkMoment, pointOf } from '../since.ts'
import { type ArchiveFlags, addArchiveFlag, withLog } from '../store.ts'

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
            'what ran and what waited then; also the number of an event, 10m, or 2026-11-24T15:00:00Z',
          ],
          ['replay --to 812 --job report-1', 'why that job did not run when the log had 812 events'],
          ['replay --follow --from 10m --speed 5', 'each event and the state after it, five times as fast'],
          ['replay --follow --speed 0 --json', 'all of it without a pause, one JSON document per line'],
        ],
        async (frame, _, options) => {
          const limit = wholeNumber('--limit', options.limit, 1, 1_000_000) ?? 20
          const speed = speedOf(options.speed ?? '1')
          checkTogether(options)
          checkMoment('--to', options.to)
          checkMoment('--from', options.from)
          await withLog(frame, options.fromArchive, async (access) => {
            const to = options.to === undefined ? undefined : await pointOf(access, '--to', options.to)
            if (options.follow === true) return follow(frame, access, to, options.from, speed)
            const past = await pastOf(access, to)
            if (options.job !== undefined) return showJob(frame, past, options.job)
            showQueue(frame, past, limit)
          })
        },
      )
      .option('--to <seq|time>', 'after that event, or at the end of that second (default: now)')
      .option('--job <id>', 'explain this job at that time')
      .option('--limit <n>', 'how many live jobs to show (default: 20)')
      .option('--follow', 'step through the events')
      .option(
        '--from <seq|time>',
        'with --follow: the first event to show; earlier ones count, but are not shown',
      )
      .option(
        '--speed <x>',
        'with --follow: how many times as fast as it happened (default: 1); 0: without pauses; no pause is longer than 2 s',
      ),
  )
}

/** Refuses options that have no effect together. @throws InterlockError `invalid_input` */
function checkTogether({ follow = false, from, speed, job, limit }: Options): void {
  const given = (flags: Readonly<Record<string, unknown>>) =>
    Object.entries(flags).find(([, value]) => value !== undefined)?.[0]
  const idle = follow
    ? given({ '--job': job, '--limit': limit })
    : given({ '--from': from, '--speed': speed })
  if (idle !== undefined)
    throw invalidInput(`${idle}: works only with${follow ? 'out' : ''} --follow; leave one of them out`)
  if (job !== undefined && limit !== undefined)
    throw invalidInput('--limit: cannot be used together with --job; leave one of them out')
}

async function follow(
  frame: Frame,
  given: Access,
  end: Point | undefined,
  begin: string | undefined,
  speed: number,
) {
  const access = opened(given)
  const { version } = await access.store.rows(access.queue, 0, 1)
  const to = end === undefined ? version : (await endingAt(access, 'to', end)).seq
  const first = begin === undefined ? 0 : await pointOf(access, '--from', begin)
  const wished = first === 0 ? 0 : (await beginningAt(access, 'from', first)).seq
  const at = await orCut(access, wished)
  await stepThrough(frame, access, { from: await ledgerAt(access, at), to, speed })
}

function showJob(frame: Frame, past: Past, text: string): void {
  const found = explainedIn(past, text)
  frame.emit(
    { version: past.ledger.version, at: isoTime(past.at), ...explanationDocument(found) },
    explanationText(frame, found),
  )
}

function showQueue(frame: Frame, past: Past, limit: number): void {
  const { ledger, at } = past
  const document = replayDocument(past, limit)
  const line = lineOf(past, limit)
  const last = ledger.version === 0 ? null : ledger.lastAt
  const title = [
    ['queue', frame.colors.bold(frame.queue)],
    ['as of', at === 0 ? 'before the first event' : timeText(at)],
    ['last event', last === null ? 'none yet' : `${count(ledger.version)}, ${timeText(last)}`],
    ['machine', stateName(document.machine)],
  ] as const
  const state = stateText(
    frame,
    line.rows,
    { now: at, workers: null },
    { paused: pausedModels(ledger), title },
  )
  frame.emit(
    document,
    line.total === 0 ? state : [...state, '', ...queueText(frame, line.jobs, line.total, at)],
  )
}

interface Steps {
  /** The queue before the first step. */
  readonly from: Ledger
  readonly to: number
  /** How many times faster than it happened; 0: without a pause. */
  readonly speed: number
}

/**
 * Goes through the log event by event, as the machine does, and shows each event with the state after it. Ends at `to`, or at
 * Ctrl-C.
 * @throws InterlockError `corrupt_log` for an event that the machine does not accept, with its number
 */
async function stepThrough(frame: Frame, access: Access, { from, to, speed }: Steps): Promise<void> {
  const actor = new CoordinatorActor(from)
  const pace = new Pace(frame, speed, from.lastAt)
  try {
    for await (const event of readEvents(access, { after: from.version, upTo: to })) {
      await pace.until(event.at)
      if (frame.signal.aborted) return
      actor.feed(event)
      show(frame, event, actor)
    }
  } finally {
    actor.stop()
  }
}

function show(frame: Frame, event: RecordedEvent, { snapshot, ledger }: CoordinatorActor): void {
  const [active, waiting] = [ledger.active.size, waitingCount(ledger)]
  if (frame.json) {
    frame.print(JSON.stringify({ ...eventDocument(event), machine: snapshot.value, active, waiting }))
  } else {
    const beside = `${stateName(snapshot.value).padEnd(17)} ${String(active).padStart(3)} run ${String(waiting).padStart(5)} wait  `
    frame.print(eventLine(frame, event, { more: beside }))
  }
}

/** `draining.emptying` for a nested state. */
const stateName = (state: CoordinatorState): string =>
  typeof state === 'string'
    ? state
    : Object.entries(state)
        .map(([outer, inner]) => `${outer}.${String(inner)}`)
        .join(' ')
