import type { RecordedEvent } from '../src/engine/core/index.ts'
import { byModel } from './core/line.ts'
import { CoreQueue, plainSpec } from './core-queue.ts'

export interface LogShape {
  readonly events: number
  /** How many jobs wait while the log is written. */
  readonly waiting: number
  /** `job-<n>` unless given. */
  readonly jobId?: (n: number) => string
}

const MODELS = 100

/**
 * The log of a queue under steady work: jobs of one or two models, most of which had to wait, enqueued one by one and
 * run in strict order. So it has every event that a job usually has: queued, conflict or blocked, started, completed.
 */
export function workedLog({
  events,
  waiting,
  jobId = (n) => `job-${n}`,
}: LogShape): readonly RecordedEvent[] {
  const queue = new CoreQueue()
  const log: RecordedEvent[] = [...queue.setPolicy(byModel)]
  const active: { readonly jobId: string; readonly token: number }[] = []
  const take = (made: readonly RecordedEvent[]) => {
    for (const event of made) {
      log.push(event)
      if (event.type === 'started') active.push({ jobId: event.jobId, token: event.seq })
    }
  }
  for (let n = 0; log.length < events; n++) {
    const specs = [plainSpec(jobId(n), modelsOf(n))]
    take(queue.send({ type: 'enqueue', specs }, { max: 1, kinds: null }).events)
    if (n < waiting) continue
    const ended = active.shift()
    if (ended === undefined) continue
    take(queue.send({ type: 'complete', ...ended }, { max: 2, kinds: null }).events)
  }
  return log.slice(0, events)
}

/** Spread without a pattern that the line could follow, and the same in every run. */
function modelsOf(n: number): readonly string[] {
  const first = Math.imul(n, 0x9e3779b1) >>> 0
  const names = [`model-${first % MODELS}`, `adapter-${(first >>> 8) % MODELS}`]
  return n % 3 === 0 ? names : names.slice(0, 1)
}
