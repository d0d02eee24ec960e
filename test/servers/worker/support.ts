import type { CoordinatorOptions } from '../../../src/engine/coordinator/index.ts'
import { type ErrorCode, InterlockError, type RecordedEvent } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { createJobWorker, type JobWorker, type JobWorkerOptions } from '../../../src/engine/worker/index.ts'
import { closedAfterTest } from '../../support/this-test.ts'
import { join, keepingLogger, memoryStore } from '../coordinator/support.ts'

const drainAfter = closedAfterTest<JobWorker>((worker) => worker.drain({ timeoutMs: 0, stopMs: 0 }))

type Options = Omit<JobWorkerOptions, 'coordinator'> & Partial<Pick<JobWorkerOptions, 'coordinator'>>

/** A worker that is running, on a coordinator of its own unless one is given; drained after the test. */
export async function work(options: Options, joining: Partial<CoordinatorOptions> = {}) {
  const logger = keepingLogger()
  const coordinator = options.coordinator ?? (await join({ logger, ...joining }))
  const worker = createJobWorker({ ...options, coordinator })
  drainAfter(worker)
  worker.start()
  return { worker, coordinator, logger }
}

/** Resolves when the signal fires, with its reason. */
export function stopped(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}

/** What the log says of one job: types, with the failure code. */
export function storyOf(events: readonly RecordedEvent[], jobId: string): string[] {
  return events
    .filter((event) => 'jobId' in event && event.jobId === jobId)
    .map((event) => ('code' in event ? `${event.type} ${event.code}` : event.type))
}

export async function log(store: LogStore) {
  return (await store.read('default', 0, 10_000)).events
}

const calls = ['append', 'beat', 'read', 'data', 'leave', 'submitCall'] as const
type Call = (typeof calls)[number]

/** A store in memory, or the given one, whose calls a test can make fail; `counts` says how often they have. */
export function faultyStore(store = memoryStore()) {
  const ways = new Map<Call, (carryOut: () => Promise<unknown>) => Promise<unknown>>()
  const counts = { append: 0, beat: 0, read: 0, data: 0, leave: 0, submitCall: 0 }
  const guarded = (call: Call) => {
    const plain = store[call] as (...given: unknown[]) => Promise<unknown>
    return (...given: unknown[]) => {
      const way = ways.get(call)
      if (way === undefined) return plain(...given)
      counts[call]++
      return way(() => plain(...given))
    }
  }
  /** From now on the call goes this way. */
  const divert = (call: Call, way: (carryOut: () => Promise<unknown>) => Promise<unknown>) =>
    void ways.set(call, way)
  const fail = (call: Call, code: ErrorCode) =>
    divert(call, () => Promise.reject(new InterlockError(code, `${call}: as the test wished`)))
  return {
    store: { ...store, ...Object.fromEntries(calls.map((call) => [call, guarded(call)])) } as LogStore,
    counts,
    divert,
    fail,
    goAway: () => {
      for (const call of calls) fail(call, 'store_unavailable')
    },
    heal: () => ways.clear(),
  }
}

export { join, memoryStore }
