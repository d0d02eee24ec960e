import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '../../src/engine/core/index.ts'
import { type LogPage, PAGE, pagesAfter } from '../../src/engine/store/index.ts'

const eventAt = (seq: number): RecordedEvent => ({
  ...{ seq, at: seq, commandId: 'c', commandHash: 1 },
  ...{ type: 'due', jobId: 'a' },
})

/** A log of these numbers, with answers of `most` events at most, that notes what it was asked for. */
function logOf(seqs: readonly number[], { most = PAGE, archivedSeq = 0 } = {}) {
  const version = seqs.at(-1) ?? 0
  const asked: number[] = []
  const read = async (_queue: string, after: number, limit: number): Promise<LogPage> => {
    asked.push(after)
    const within = seqs.filter((seq) => seq > after && seq <= after + limit)
    return { version, archivedSeq, events: within.slice(0, most).map(eventAt), epoch: 1, now: 0 }
  }
  return { read, asked }
}

async function seqsOf(
  log: ReturnType<typeof logOf>,
  after: number,
  upTo?: number,
): Promise<readonly number[]> {
  const seqs: number[] = []
  for await (const { events } of pagesAfter(log, 'q', after, upTo)) seqs.push(...events.map(({ seq }) => seq))
  return seqs
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('the pages of a log', () => {
  it('are read to its head, each once', async () => {
    const log = logOf(numbers(1, 3 * PAGE + 7))
    expect(await seqsOf(log, 0)).toEqual(numbers(1, 3 * PAGE + 7))
    expect(log.asked).toEqual([0, PAGE, 2 * PAGE, 3 * PAGE])
  })

  it('are asked for before they are needed, two at a time', async () => {
    const log = logOf(numbers(1, 10 * PAGE))
    for await (const _ of pagesAfter(log, 'q', 0)) break
    expect(log.asked).toEqual([0, PAGE, 2 * PAGE])
  })

  it('end where they are told to', async () => {
    const log = logOf(numbers(1, 3 * PAGE))
    expect(await seqsOf(log, 10, PAGE + 20)).toEqual(numbers(11, PAGE + 20))
    expect(await seqsOf(log, 50, 50)).toEqual([])
  })

  it('go on where a page was cut short', async () => {
    const log = logOf(numbers(1, 2 * PAGE), { most: 300 })
    expect(await seqsOf(log, 0)).toEqual(numbers(1, 2 * PAGE))
  })

  it('do not check for missing events: the reader does', async () => {
    const seqs = [...numbers(1, PAGE - 2), ...numbers(PAGE + 4, 2 * PAGE)]
    expect(await seqsOf(logOf(seqs), 0)).toEqual(seqs)
  })

  it('of events that were archived and not kept are refused', async () => {
    const log = logOf(numbers(200, 300), { archivedSeq: 199 })
    await expect(
      seqsOf({ ...log, read: async (...of) => ({ ...(await log.read(...of)), events: [] }) }, 0),
    ).rejects.toMatchObject({ code: 'archived' })
  })
})
