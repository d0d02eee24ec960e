import { Agenda, MICROS_PER_SECOND, type Policy } from '../../src/engine/core/index.ts'
import { byModel } from '../core/line.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'
import type { Request } from './trace.ts'

/** How long a checkpoint takes to load. */
export const LOAD_SECONDS = 12

/** What came of a backlog: how often a checkpoint was loaded, and how long it took. */
export interface Loads {
  readonly perJob: number
  readonly seconds: number
}

/** Every worker may have any checkpoint, its own copy of it; a job is passed `maxPassed` times at most, for however long. */
export const warmUpTo = (maxPassed: number): Policy => ({
  ...byModel,
  capacity: { '*': 1_000 },
  warm: {
    maxPassed,
    maxPassedSeconds: 86_400,
    minLoadedSeconds: 0,
    loadSeconds: { '*': LOAD_SECONDS },
  },
})

/** What a worker loads for a request: adapters are small. */
export const checkpointOf = ({ models }: Pick<Request, 'models'>): string => models[0] ?? ''

/** A worker that keeps one checkpoint and runs one job at a time. */
interface Run {
  readonly worker: string
  readonly jobId: string
  readonly token: number
}

/**
 * All requests stand in line at once. Each worker takes a job, loads its checkpoint unless that is the one that it has, works for as long as the
 * request took, and takes the next one with the end of this one. Every decision is the core's own; nothing else takes any time.
 */
export function loadsOf(requests: readonly Request[], workers: number, maxPassed: number): Loads {
  const queue = new CoreQueue()
  const byId = new Map(requests.map((request) => [request.jobId, request]))
  const loaded = new Map<string, string>()
  const ends = new Agenda<Run>()
  const claim = { max: 1, kinds: null, keeps: 1 }
  let loads = 0
  const take = (worker: string, { events }: ReturnType<CoreQueue['send']>, now: number) => {
    for (const event of events) {
      const request = event.type === 'started' ? byId.get(event.jobId) : undefined
      if (request === undefined) continue
      const isLoad = loaded.get(worker) !== checkpointOf(request)
      loaded.set(worker, checkpointOf(request))
      if (isLoad) loads++
      const lasts = (request.seconds + (isLoad ? LOAD_SECONDS : 0)) * MICROS_PER_SECOND
      ends.add(now + lasts, { worker, jobId: request.jobId, token: event.seq })
    }
  }
  queue.setPolicy(warmUpTo(maxPassed))
  for (let from = 0; from < requests.length; from += 1_000) {
    const specs = requests
      .slice(from, from + 1_000)
      .map((each) => plainSpec(each.jobId, [checkpointOf(each)]))
    queue.send({ type: 'enqueue', specs })
  }
  const began = queue.now
  for (let i = 0; i < workers; i++) {
    const worker = `w${i}`
    take(worker, queue.send({ type: 'claim' }, claim, worker), began)
  }
  let last = began
  for (let next = ends.next(); next !== undefined; next = ends.next()) {
    const { worker, jobId, token } = next.item
    last = next.at
    take(worker, queue.at(next.at).send({ type: 'complete', jobId, token }, claim, worker), next.at)
  }
  if (queue.ledger.jobs.size > 0) throw new Error('the simulation stopped before its end')
  return { perJob: loads / requests.length, seconds: (last - began) / MICROS_PER_SECOND }
}
