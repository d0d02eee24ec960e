import { TYPICAL_EVENTS, type Typical, typicalIn } from '../../../engine/core/index.ts'
import type { QueueReader } from '../reader/queue-reader.ts'

/** How long one answer is reused, in milliseconds. */
const GOOD_MS = 10_000

const found = new WeakMap<QueueReader, { readonly at: number; readonly typical: Promise<Typical> }>()

/** Read at most every {@link GOOD_MS} for all users. @throws what the store throws */
export function typicalOf(reader: QueueReader): Promise<Typical> {
  const known = found.get(reader)
  if (known !== undefined && performance.now() - known.at < GOOD_MS) return known.typical
  const typical = read(reader)
  found.set(reader, { at: performance.now(), typical })
  typical.catch(() => found.delete(reader))
  return typical
}

async function read(reader: QueueReader): Promise<Typical> {
  const { version } = await reader.head()
  const { events } = await reader.page(Math.max(0, version - TYPICAL_EVENTS), TYPICAL_EVENTS)
  return typicalIn(events)
}
