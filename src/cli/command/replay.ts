import { stateOn } from '../../../machines/index.ts'
import { explainJob, InterlockError, type Ledger, projectionOf } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { clockTime, count, isoTime } from '../format.ts'
import type { Frame } from '../frame.ts'
import { type ArchiveFlags, addArchiveFlag, withLog } from '../history/archive-file.ts'
import { ledgerAt, orCut } from '../history/fold.ts'
import { stateName, stepThrough } from '../history/steps.ts'
import { explanationText } from '../show/explanation.ts'
import { activeFirst, queueText, telling, toldDocument } from '../show/queue.ts'
import { stateDocument, stateText } from '../show/state.ts'
import { checkMoment, momentSeq } from '../since.ts'
import { speedOf } from '../speed.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options extends ArchiveFlags {
  readonly to?: string
  readonly from?: string
  readonly job?: string
  readonly limit: string
  readonly follow?: boolean
  readonly speed: string
}

export function addReplay(cli: Cli): void {
  addArchiveFlag(
    cli
      .command<Options>(
        'replay',
        'the queue as it was at any time, from the log alone; or its history, step by step',
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
          const speed = speedOf(options.speed)
          checkMoment('--to', options.to)
          checkMoment('--from', options.from)
          if (options.from !== undefined && options.follow !== true) throw bad('--from: is for --follow')
          await withLog(frame, options.fromArchive, async (store) => {
            const to = await seqOf(frame, store, '--to', options.to)
            if (options.follow === true) return follow(frame, store, to, options.from, speed)
            const ledger = await ledgerAt(frame, store, to)
            if (options.job !== undefined) return showJob(frame, ledger, options.job)
            showQueue(frame, ledger, limit)
          })
        },
      )
      .option('--to <seq|time>', 'where to stop; the end of the log unless given')
      .option('--job <id>', 'explain this job at that time')
      .option('--limit <n>', 'how many live jobs to show', '20')
      .option('--follow', 'step through the events')
      .option('--from <seq|time>', 'with --follow: what came before is folded without showing it')
      .option(
        '--speed <x>',
        'with --follow: times as fast as it happened, 0 for no pause; a pause is at most 2 s',
        '1',
      ),
  )
}

async function seqOf(frame: Frame, store: LogStore, flag: string, text: string | undefined) {
  if (text !== undefined) return momentSeq(store, frame.queue, flag, text)
  return (await store.read(frame.queue, 0, 1)).version
}

async function follow(frame: Frame, store: LogStore, to: number, begin: string | undefined, speed: number) {
  const wished = begin === undefined ? 0 : await momentSeq(store, frame.queue, '--from', begin)
  const at = await orCut(frame, store, wished)
  await stepThrough(frame, store, { from: await ledgerAt(frame, store, at), to, speed })
}

function showJob(frame: Frame, ledger: Ledger, jobId: string): void {
  const found = explainJob(ledger, jobId, ledger.lastAt)
  if (found !== undefined)
    return frame.emit({ version: ledger.version, ...found }, explanationText(frame, found))
  throw new InterlockError(
    'job_not_live',
    `job ${jobId} was not live when the log had ${ledger.version} events; see when it was: interlock explain ${jobId}`,
  )
}

function showQueue(frame: Frame, ledger: Ledger, limit: number): void {
  const projection = projectionOf(ledger)
  const rows = projection.jobs.toSorted(activeFirst)
  const shown = rows.slice(0, limit).map(telling(ledger, ledger.lastAt))
  const machine = stateOn(ledger)
  const when =
    ledger.version === 0
      ? 'before the first event'
      : `${clockTime(ledger.lastAt)}, event ${count(ledger.version)}`
  const title = [
    ['queue', frame.colors.bold(frame.queue)],
    ['as of', when],
    ['machine', stateName(machine)],
  ] as const
  const state = stateText(frame, projection, ledger.lastAt, title)
  frame.emit(
    {
      queue: frame.queue,
      at: ledger.version === 0 ? null : isoTime(ledger.lastAt),
      machine,
      ...stateDocument(projection),
      total: rows.length,
      jobs: shown.map(toldDocument),
    },
    rows.length === 0 ? state : `${state}\n\n${queueText(frame, shown, rows.length, ledger.lastAt)}`,
  )
}

const bad = (message: string): InterlockError => new InterlockError('invalid_input', message)
