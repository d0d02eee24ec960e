import { expect } from 'vitest'
import { projectionOf, type RecordedEvent, replay } from '../../src/engine/core/index.ts'
import { decodeEvent, encodeEvent } from '../../src/engine/events/index.ts'
import type { LogStore } from '../../src/engine/store/index.ts'
import { parseAnswer } from '../../src/engine/store/sql/parse-answer.ts'
import { projectionAnswer } from '../../src/engine/store/sql/tool-answers.ts'
import { kept } from './kept-ledger.ts'

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/**
 * What everybody who opens the queue does with its log and with what was made of it: it reads back as it was written, folds, and is
 * what the rows say; the rows and a snapshot read back as well.
 */
export async function expectReadable(store: LogStore, queue: string): Promise<void> {
  const written: RecordedEvent[] = []
  for (let after = 0; ; after = written.length) {
    const { events } = await store.read(queue, after, 10_000)
    written.push(...events)
    if (events.length === 0) break
  }
  const events = written.map((event) => decodeEvent(overTheWire(encodeEvent(event))))
  expect(events).toEqual(written)
  const ledger = replay(events)
  if (ledger.version === 0) return
  const rows = overTheWire(projectionOf(ledger))
  const read = parseAnswer(projectionAnswer, rows, 'projection')
  expect(overTheWire(await store.projection(queue))).toEqual(rows)
  expect(overTheWire(read)).toEqual(rows)
  expect(projectionOf(kept(ledger))).toEqual(projectionOf(ledger))
}
