/**
 * Works jobs off in this process: takes what may start, runs the handler of its kind, reports how it ended, and takes the next job in the
 * same append.
 *
 *     const worker = createJobWorker({ coordinator, concurrency: 4, handlers: { render: { run: async (job) => render(job.payload) } } })
 *     worker.start()
 *     process.once('SIGTERM', () => void worker.drain())
 *
 * `job-worker.ts` has the loop, `attempt.ts` one attempt with its time limit, `reporter.ts` the report, `retry-delay.ts` how long a failed
 * job waits, `batch.ts` several jobs for one call of a handler, `breaker.ts` the pause of a model that keeps failing, `provider-error.ts` what an answer of a provider says about when to try again, `yield-when-busy.ts` when other processes should take the next job.
 *
 * It promises: a handler whose attempt is lost gets `signal` with an `AttemptStopped`; a report is sent again until it is recorded or the
 * attempt is over. It emits lines named in `log-events.ts`: `job.started`, `job.failed`, `job.postponed`, …
 * @module
 */
export type * from './api.ts'
export { inBatch } from './batch.ts'
export type { BreakerOptions } from './breaker.ts'
export {
  AttemptStopped,
  LeftOutError,
  NonRetryableError,
  RetryLater,
  type RetryLaterOptions,
  type StopCause,
} from './errors.ts'
export { defineHandlers } from './handlers.ts'
export { createJobWorker } from './job-worker.ts'
export { type ProviderErrorOptions, type ProviderResponse, providerError } from './provider-error.ts'
export type { RetryOptions, RetryRule } from './retry-delay.ts'
