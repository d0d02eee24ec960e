export type * from './api.ts'
export type { BreakerOptions } from './breaker.ts'
export {
  AttemptStopped,
  NonRetryableError,
  RetryLater,
  type RetryLaterOptions,
  type StopCause,
} from './errors.ts'
export { defineHandlers } from './handlers.ts'
export { createJobWorker } from './job-worker.ts'
export type { RetryOptions, RetryRule } from './retry-delay.ts'
