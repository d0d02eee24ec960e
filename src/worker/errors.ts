import { z } from 'zod'
import { optionsSchema, parseInput, parseModel, parseModels } from '../codec/index.ts'

/** Thrown by a handler: this job cannot succeed, so no further attempt is made. */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError'
}

const YEAR_SECONDS = 365 * 24 * 3_600

const secondsError = `must be a number of seconds from 0 to ${YEAR_SECONDS.toLocaleString('en')}`
const laterFields = optionsSchema({
  seconds: z.number(secondsError).min(0, secondsError).max(YEAR_SECONDS, secondsError),
  pauseModel: z.string('must be the name of a model').optional(),
  models: z.array(z.string(), 'must be a list of model names').optional(),
})

export interface RetryLaterOptions {
  /** Seconds until the job may start again, from 0 to a year; it keeps its place in line once they have passed. */
  readonly seconds: number
  /** A model that nobody is to start meanwhile: its provider is down, or counts requests. */
  readonly pauseModel?: string
  /** What the job needs when it starts again, in place of the models that it had. */
  readonly models?: readonly string[]
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

  /** @throws InterlockError `invalid_input` when `seconds` is out of bounds, or for models that cannot be */
  constructor(options: RetryLaterOptions) {
    const { seconds, pauseModel, models } = parseInput(laterFields, options, 'options')
    super(`to be tried again in ${seconds} s`)
    this.seconds = seconds
    this.pauseModel = pauseModel === undefined ? undefined : parseModel(pauseModel)
    this.models = models === undefined ? undefined : parseModels(models)
  }
}

/**
 * Why an attempt was told to stop: `timed_out` after its `timeoutMs`, `cancel_requested`, `lease_lost` (others have the
 * job by now, or soon), `ended` (somebody else ended this attempt), `drained` (the worker is stopping).
 */
export const stopCauses = ['timed_out', 'cancel_requested', 'lease_lost', 'ended', 'drained'] as const
export type StopCause = (typeof stopCauses)[number]

/** What `signal.reason` is when a handler is told to stop. */
export class AttemptStopped extends Error {
  override readonly name = 'AttemptStopped'
  readonly why: StopCause

  constructor(jobId: string, why: StopCause) {
    super(`the attempt of job ${jobId} has to stop: ${why}`)
    this.why = why
  }
}
