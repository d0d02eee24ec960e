import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { encodeEvent } from '../../codec/index.ts'
import { InterlockError, snapshotOf } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { plural } from '../format.ts'
import type { Frame } from '../frame.ts'
import { ledgerAt } from '../history/fold.ts'
import { readLog } from '../read-log.ts'
import { checkMoment, cutAt } from '../since.ts'
import { withStore } from '../store.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly before?: string
  readonly to?: string
  readonly drop?: boolean
}

export function addArchive(cli: Cli): void {
  cli
    .command<Options>(
      'archive',
      'take old events out of the log, below a snapshot; what runs and waits stays as it is',
      [
        [
          'archive --before 7d',
          'into job_queue_log_archive: out of the way, and still read by every command',
        ],
        ['archive --before 30d --to old.jsonl.gz', 'into a file, and out of the database'],
        ['archive --before 30d --drop', 'gone for good'],
      ],
      async (frame, _, { before, to, drop = false }) => {
        if (before === undefined) throw bad('--before: say up to when, such as 30d, or a number of the log')
        if (to !== undefined && drop) throw bad('--drop: is for no file; leave out --to')
        checkMoment('--before', before)
        const done = await withStore(frame, (store) => archive(frame, store, before, to, drop))
        const where = to ?? (drop ? 'dropped' : 'kept in job_queue_log_archive')
        const text =
          done.archived === 0
            ? `the log has no event from before ${before}; nothing was taken out`
            : `${plural(done.archived, 'event')} taken out of the log, up to ${done.archivedSeq}: ${where}`
        frame.emit({ ...done, file: to ?? null, kept: to === undefined && !drop }, text)
      },
    )
    .option('--before <seq|time>', '30d, 2026-11-24, or the number of the last event to take out')
    .option('--to <file>', 'JSON lines, compressed: whole on the disk before anything is taken out')
    .option('--drop', 'keep nothing of them')
}

async function archive(frame: Frame, store: LogStore, before: string, to: string | undefined, drop: boolean) {
  const { archivedSeq } = await store.read(frame.queue, 0, 1)
  const through = await cutAt(store, frame.queue, '--before', before)
  if (through <= archivedSeq) return { archivedSeq, archived: 0 }
  const ledger = await ledgerAt(frame, store, through)
  await store.putSnapshot(frame.queue, { seq: through, state: snapshotOf(ledger) })
  if (to !== undefined) await writeEvents(frame, store, to, through)
  const done = await store.archive(frame.queue, through, to === undefined && !drop)
  if (done.archivedSeq >= through) return done
  throw new InterlockError(
    'contention',
    'your own tables do not follow that far yet, or another process archives; nothing was taken out, try again',
  )
}

/** Everything that can still be read up to there, a row of the log per line. A file that is there already is not touched. */
async function writeEvents(frame: Frame, store: LogStore, file: string, through: number): Promise<void> {
  const first = await store.read(frame.queue, 0, 1)
  const from = first.events.length > 0 ? 0 : first.archivedSeq
  const lines = async function* () {
    for await (const event of readLog(store, frame.queue, from, through))
      yield `${JSON.stringify(encodeEvent(event))}\n`
  }
  try {
    await pipeline(
      Readable.from(lines()),
      createGzip(),
      createWriteStream(file, { flags: 'wx', flush: true }),
    )
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof InterlockError) throw error
    throw bad(`--to ${file}: ${code === 'EEXIST' ? 'is there already' : message}; give another path`)
  }
}

const bad = (message: string): InterlockError => new InterlockError('invalid_input', message)
