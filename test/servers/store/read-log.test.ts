import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { type LogPage, PAGE, pagesAfter } from '../../../src/engine/store/index.ts'

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
  for await (const { events } of pagesAfter(log, 'q', after, { upTo }))
    seqs.push(...events.map(({ seq }) => seq))
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

describe('a reader that goes on after what it knows', () => {
  /** What it finds after 20 events, the last of which has this time. */
  const goingOn = async (log: Pick<ReturnType<typeof logOf>, 'read'>, at = 20) => {
    const seqs: number[] = []
    for await (const { events } of pagesAfter(log, 'q', 20, { known: { at } }))
      seqs.push(...events.map(({ seq }) => seq))
    return seqs
  }
  const standby = (log: ReturnType<typeof logOf>): Pick<typeof log, 'read'> => ({
    read: async (...of) => ({ ...(await log.read(...of)), isOfStandby: true }),
  })

  it('is given the new events only, each once', async () => {
    const log = logOf(numbers(1, 2 * PAGE + 30))
    expect(await goingOn(log)).toEqual(numbers(21, 2 * PAGE + 30))
    expect(log.asked).toEqual([19, PAGE + 19, 2 * PAGE + 19])
    expect(await goingOn(logOf(numbers(1, 20)))).toEqual([])
  })

  it('is told that the log went back: it is shorter, or another event has the number', async () => {
    const code = 'log_went_back'
    await expect(goingOn(logOf(numbers(1, 19)))).rejects.toMatchObject({ code })
    await expect(goingOn(logOf(numbers(1, 30)), 21)).rejects.toMatchObject({ code })
  })

  it('is not told so by a standby that is behind', async () => {
    expect(await goingOn(standby(logOf(numbers(1, 19))))).toEqual([])
  })

  it('goes on where all that it knows was archived, and stops where more was', async () => {
    const cutAt = (archivedSeq: number) => {
      const log = logOf(numbers(archivedSeq + 1, 60), { archivedSeq })
      const read: typeof log.read = async (queue, after, limit) => {
        const page = await log.read(queue, after, limit)
        return after < archivedSeq ? { ...page, events: [] } : page
      }
      return { ...log, read }
    }
    expect(await goingOn(cutAt(20))).toEqual(numbers(21, 60))
    await expect(goingOn(cutAt(21))).rejects.toMatchObject({ code: 'archived' })
  })
})
