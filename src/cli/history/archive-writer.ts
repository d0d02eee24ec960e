import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeEvent } from '../../codec/index.ts'
import { type LogStore, pagesAfter } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import type { NewFile } from '../new-file.ts'
import { progressOf } from '../terminal/progress.ts'

const compressed = promisify(gzip)

/** Everything that can still be read up to there, a row of the log per line. Each page is compressed by itself. */
export async function writeArchive(
  frame: Frame,
  store: LogStore,
  file: NewFile,
  through: number,
): Promise<void> {
  const from = await readableAfter(store, frame.queue)
  const progress = progressOf(frame, `written to ${file.name}`, through - from)
  try {
    for await (const { events } of pagesAfter(store, frame.queue, from, through)) {
      frame.signal.throwIfAborted()
      const lines = events.map((event) => `${JSON.stringify(encodeEvent(event))}\n`)
      await file.write(await compressed(lines.join('')))
      progress.update((events.at(-1)?.seq ?? from) - from)
    }
  } finally {
    progress.stop()
  }
}

/** The number after which everything can be read: what was archived and kept goes to the file as well. */
async function readableAfter(store: LogStore, queue: string): Promise<number> {
  const { archivedSeq } = await store.read(queue, 0, 1)
  let [low, high] = [0, archivedSeq]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { events } = await store.read(queue, middle, 1)
    if (events.length > 0) high = middle
    else low = middle + 1
  }
  return low
}
