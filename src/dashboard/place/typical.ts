import type { RecordedEvent } from '../../core/index.ts'
import type { QueueReader } from '../reader/queue-reader.ts'

/** How many of the last events to look at. */
const EVENTS = 1_000
/** How long one answer is reused, in milliseconds. */
const GOOD_MS = 10_000

/** How long jobs took that were completed lately, in seconds. Undefined if none was. */
export interface Typical {
  readonly byModel: ReadonlyMap<string, number>
  readonly all: number | undefined
}

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
  const { events } = await reader.page(Math.max(0, version - EVENTS), EVENTS)
  return typicalIn(events)
}

function typicalIn(events: readonly RecordedEvent[]): Typical {
  const started = new Map<string, RecordedEvent & { readonly type: 'started' }>()
  const runs = new Map<string | null, number[]>()
  const note = (of: string | null, seconds: number) => {
    const known = runs.get(of)
    if (known === undefined) runs.set(of, [seconds])
    else known.push(seconds)
  }
  for (const event of events) {
    if (event.type === 'started') started.set(event.jobId, event)
    if (event.type !== 'completed') continue
    const begin = started.get(event.jobId)
    if (begin === undefined) continue
    for (const of of [null, ...begin.models]) note(of, (event.at - begin.at) / 1e6)
  }
  const means = [...runs].map(([of, all]) => [of, all.reduce((a, b) => a + b, 0) / all.length] as const)
  return {
    byModel: new Map(means.flatMap(([of, mean]) => (of === null ? [] : [[of, mean] as const]))),
    all: means.find(([of]) => of === null)?.[1],
  }
}
