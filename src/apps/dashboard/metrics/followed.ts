import { fold } from '../../../engine/core/index.ts'
import { type FigureOptions, meterOptions, QueueMeter, type ReadQueue } from '../../../tools/figures/parts.ts'
import type { QueueReader } from '../reader/queue-reader.ts'

/** Events that are counted before other work gets its turn. */
const BATCH = 500

/** The figures of a queue whose log is followed without joining it. */
export interface Followed {
  /** @throws what the store throws, and why the log cannot be followed now */
  read(): ReadQueue
  stop(): void
}

/** Counts the events of a reader from now on: it is one more of its viewers. */
export async function followed(reader: QueueReader, options: FigureOptions): Promise<Followed> {
  const meter = new QueueMeter(meterOptions(options))
  let isPumping = false
  /** Something happened meanwhile; it is another log now. */
  let again = false
  let isVoid = true
  let failure: unknown = null
  const begin = async () => {
    const ledger = await reader.ledger()
    isVoid = false
    meter.begin(ledger)
  }
  const next = async () => {
    const after = meter.ledger.version
    const known = reader.tail?.after(after, BATCH)
    return known ?? (await reader.page(after, BATCH)).events
  }
  const count = async () => {
    if (isVoid) await begin()
    for (let events = await next(); events.length > 0 && !isVoid; events = await next())
      meter.see({ ...fold(meter.ledger, events), events })
  }
  const pump = async () => {
    again = true
    if (isPumping) return
    isPumping = true
    try {
      while (again) {
        again = false
        await count()
      }
      failure = null
    } catch (error) {
      failure = error
    } finally {
      isPumping = false
    }
  }
  await begin()
  const detach = reader.attach({
    changed: () => void pump(),
    reset: () => {
      isVoid = true
      void pump()
    },
  })
  return {
    read: () => {
      if (failure !== null) throw failure
      const { queue } = reader
      return { queue, reading: meter.read(reader.now()), created: meter.begunAt / 1_000, log: null }
    },
    stop: detach,
  }
}
