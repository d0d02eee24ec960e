import type { Coordinator } from '../coordinator/index.ts'
import type { JobData, Telemetry } from '../port/index.ts'
import type { HandlerDefinition, Job } from './api.ts'
import type { Attempt } from './attempt.ts'
import { failed, type Outcome } from './outcome.ts'
import { untilAnswered } from './until-answered.ts'

export interface PerformOptions {
  readonly coordinator: Coordinator
  readonly definition: HandlerDefinition | undefined
  /** Gets errors that waiting does not cure, while the job's data is read. */
  readonly onError: (error: unknown) => void
  /** The handler itself has ended, perhaps later than the outcome. */
  readonly onSettled?: () => void
  /** It runs in a call of the program: a trace of that goes on in it. */
  readonly isCalled?: boolean
}

/** Reads what the job needs and runs its handler. Never rejects: an attempt that cannot be made has failed. */
export async function perform(attempt: Attempt, options: PerformOptions): Promise<Outcome> {
  const { coordinator, definition, onError, onSettled = () => {} } = options
  const { kind } = attempt.started.spec
  if (definition === undefined) {
    return failed('non_retryable', new Error(`this worker has no handler for the kind ${kind}`), false)
  }
  try {
    const data = await untilAnswered(() => dataOf(attempt, coordinator), { signal: attempt.signal, onError })
    if (attempt.isStopped) return attempt.outcomeUnbegun()
    const job = jobOf(attempt, data)
    if (coordinator.telemetry === undefined) return await attempt.run(definition, job, onSettled)
    return await traced(attempt, job, data, options, coordinator.telemetry)
  } catch (error) {
    return failed('handler_error', error, true)
  }
}

/** Within a span, if anybody keeps it. */
async function traced(
  attempt: Attempt,
  job: Job,
  data: JobData | undefined,
  { coordinator, definition, onSettled = () => {}, isCalled = false }: PerformOptions,
  telemetry: Telemetry,
): Promise<Outcome> {
  const { started } = attempt
  const given = [data?.payload ?? null, job.row, job.checkpoint]
  const span = telemetry.begin({
    ...{ queue: coordinator.queue, started, given, isCalled },
    trace: data?.trace ?? null,
  })
  attempt.span = span
  const outcome = await span.run(() => attempt.run(definition as HandlerDefinition, job, onSettled))
  const failed = outcome.type === 'failed' ? { code: outcome.code, error: outcome.error } : undefined
  span.end({ outcome: outcome.type, ...failed })
  return outcome
}

/** The first attempt of a job that came without data reads nothing: the hand-off is one commit and no more. */
async function dataOf({ started }: Attempt, coordinator: Coordinator): Promise<JobData | undefined> {
  const isBare = started.spec.hasData !== true && started.attempt === 1
  if (isBare && coordinator.telemetry?.propagates !== true) return undefined
  return coordinator.dataOf(started.lease)
}

/** The payload is not checked yet. */
function jobOf({ started }: Attempt, data: JobData | undefined): Job {
  const { jobId, jobType, kind, models, priority } = started.spec
  const { attempt, attempts } = started
  const payload = data?.payload ?? null
  const row = data?.row ?? null
  const checkpoint = data?.checkpoint ?? null
  return { jobId, jobType, kind, models, priority, attempt, attempts, payload, row, checkpoint }
}
