import type { FailureCode } from '../core/index.ts'
import { parseLater } from '../events/index.ts'

/** Thrown by a handler: this job cannot succeed, so no further attempt is made. */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError'
}

export interface RetryLaterOptions {
  /** Seconds until the job may start again, from 0 to a year. It keeps its position in line. */
  readonly seconds: number
  /** A model to pause meanwhile: its provider is down, or limits requests. */
  readonly pauseModel?: string
  /** The models of the next attempt, instead of the present ones. */
  readonly models?: readonly string[]
  /** How often the job may be put off before each further time costs an attempt, 1 to 1,000,000. @defaultValue any number of times */
  readonly most?: number
}

/**
 * Thrown by a handler that could do nothing yet: the job goes back into the line, at no cost of an attempt.
 * @example throw new RetryLater({ seconds: 30, pauseModel: 'flux-dev' })
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
  readonly seconds: number
  readonly pauseModel: string | undefined
  readonly models: readonly string[] | undefined
  readonly most: number | undefined

  /** @throws InterlockError `invalid_input` if `seconds` is out of bounds, or the models are not valid @param more `cause`: what was in the way */
  constructor(options: RetryLaterOptions, more: ErrorOptions = {}) {
    const { seconds, pauseModel, models, most } = parseLater(options)
    super(`to be tried again in ${seconds} s`, more)
    this.seconds = seconds
    this.pauseModel = pauseModel
    this.models = models
    this.most = most
  }
}

/** Why a job of a batch has failed: its handler (`inBatch`) returned no result for it. */
export class LeftOutError extends Error {
  override readonly name = 'LeftOutError'

  constructor(jobId: string) {
    super(
      `the handler returned no result for job ${jobId}; give the Map that it returns an entry for each job, by its id`,
    )
  }
}

type ThreadEnd = Extract<FailureCode, 'thread_exited' | 'out_of_memory'>

/** The thread of a handler has ended before the handler did. */
export class ThreadEnded extends Error {
  override readonly name = 'ThreadEnded'
  readonly code: ThreadEnd

  constructor(code: ThreadEnd, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Why an attempt was told to stop: `timed_out` after its `timeoutMs`, `cancel_requested`, `lease_lost` (others have the
 * job by now, or soon), `ended` (somebody else ended this attempt), `drained` (the worker is stopping).
 */
export const stopCauses = ['timed_out', 'cancel_requested', 'lease_lost', 'ended', 'drained'] as const
export type StopCause = (typeof stopCauses)[number]

/** The `signal.reason` when a handler is told to stop. */
export class AttemptStopped extends Error {
  override readonly name = 'AttemptStopped'
  readonly why: StopCause

  constructor(jobId: string, why: StopCause) {
    super(`the attempt of job ${jobId} has to stop: ${why}`)
    this.why = why
  }
}
