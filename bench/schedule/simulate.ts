import { Agenda, MICROS_PER_SECOND, type RecordedEvent } from '../../src/engine/core/index.ts'
import { byModel } from '../core/line.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'
import type { Request } from './trace.ts'

export interface Rules {
  readonly slots: number
  readonly maxOvertakes: number
}

/**
 * Seconds until all are done when all stand in line at once, a job takes exactly its seconds, and nothing else takes any
 * time: what the rules themselves cost. Every decision is the core's own.
 */
export function makespan(requests: readonly Request[], { slots, maxOvertakes }: Rules): number {
  const queue = new CoreQueue()
  const seconds = new Map(requests.map((request) => [request.jobId, request.seconds]))
  const ends = new Agenda<{ readonly jobId: string; readonly token: number }>()
  let free = slots
  const take = (events: readonly RecordedEvent[]) => {
    for (const event of events) {
      if (event.type !== 'started') continue
      free--
      const lasts = (seconds.get(event.jobId) ?? 0) * MICROS_PER_SECOND
      ends.add(queue.now + lasts, { jobId: event.jobId, token: event.seq })
    }
  }
  queue.setPolicy({ ...byModel, maxOvertakes })
  for (let from = 0; from < requests.length; from += 1_000) {
    const specs = requests.slice(from, from + 1_000).map(({ jobId, models }) => plainSpec(jobId, models))
    queue.send({ type: 'enqueue', specs })
  }
  const began = queue.now
  take(queue.at(began).send({ type: 'claim' }, { max: free, kinds: null }).events)
  let last = began
  for (let next = ends.next(); next !== undefined; next = ends.next()) {
    free++
    last = next.at
    queue.at(next.at)
    const { events } = queue.send({ type: 'complete', ...next.item }, { max: free, kinds: null })
    queue.at(next.at)
    take(events)
  }
  if (free !== slots || queue.ledger.jobs.size > 0) throw new Error('the simulation stopped before its end')
  return (last - began) / MICROS_PER_SECOND
}
