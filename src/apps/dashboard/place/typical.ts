import type { RecordedEvent } from '../../../engine/core/index.ts'
import type { QueueReader } from '../reader/queue-reader.ts'

/** How many of the last events to look at. */
const EVENTS = 1_000
/** How long one answer is reused, in milliseconds. */
const GOOD_MS = 10_000

/** How long jobs ran, in seconds: the mean, and the standard deviation; null for a single one. */
export interface RunTime {
  readonly seconds: number
  readonly apart: number | null
}

/** How long jobs took that were completed lately. Undefined if none was. */
export interface Typical {
  readonly byModel: ReadonlyMap<string, RunTime>
  readonly all: RunTime | undefined
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
  const all: number[] = []
  const byModel = new Map<string, number[]>()
  for (const event of events) {
    if (event.type === 'started') started.set(event.jobId, event)
    if (event.type !== 'completed') continue
    const begin = started.get(event.jobId)
    if (begin === undefined) continue
    const seconds = (event.at - begin.at) / 1e6
    all.push(seconds)
    for (const model of begin.models) {
      const known = byModel.get(model)
      if (known === undefined) byModel.set(model, [seconds])
      else known.push(seconds)
    }
  }
  return {
    byModel: new Map([...byModel].map(([model, times]) => [model, runTimeOf(times)])),
    all: all.length === 0 ? undefined : runTimeOf(all),
  }
}

function runTimeOf(times: readonly number[]): RunTime {
  const seconds = times.reduce((a, b) => a + b, 0) / times.length
  if (times.length < 2) return { seconds, apart: null }
  const squares = times.reduce((sum, time) => sum + (time - seconds) ** 2, 0)
  return { seconds, apart: Math.sqrt(squares / (times.length - 1)) }
}
