import type { Coordinator } from '../coordinator/index.ts'
import { jobOf, type Started } from '../core/index.ts'
import type { AttemptEnd, AttemptSpan, JobData } from '../store/index.ts'
import type { Job } from './api.ts'
import type { Attempt } from './attempt.ts'
import type { WorkDefinition } from './handlers.ts'
import { type AttemptOutcome, failed, type PlainOutcome } from './outcome.ts'
import { untilAnswered } from './until-answered.ts'

export interface PerformOptions {
  readonly coordinator: Coordinator
  readonly definition: WorkDefinition | undefined
  /** Gets errors that waiting does not cure, while the job's data is read. */
  readonly onError: (error: unknown) => void
  /** The handler itself has ended, perhaps later than the outcome. */
  readonly onSettled?: () => void
  /** It runs in a call of the program: a trace of that goes on in it. */
  readonly isCalled?: boolean
}

/** Reads what the job needs and runs its handler. Never rejects: an attempt that cannot be made has failed. */
export async function perform(attempt: Attempt, options: PerformOptions): Promise<AttemptOutcome> {
  const { coordinator, definition, onError, onSettled = () => {} } = options
  const { kind } = attempt.started.spec
  if (definition === undefined) {
    return failed('non_retryable', new Error(`this worker has no handler for the kind ${kind}`), false)
  }
  try {
    const data = await untilAnswered(() => dataOf(attempt, coordinator), { signal: attempt.signal, onError })
    if (attempt.isStopped) return attempt.outcomeUnbegun()
    const job = jobFor(attempt, data, coordinator)
    const run = () => attempt.run(definition, job, onSettled)
    attempt.span = spanOf(attempt, job, data, options)
    if (attempt.span === undefined) return await run()
    const outcome = await attempt.span.run(run)
    // What became of a transaction of the handler's, only the database can say.
    if (outcome.type !== 'completed_in') endSpan(attempt, outcome)
    return outcome
  } catch (error) {
    return failed('handler_error', error, true)
  }
}

/** Its part of a trace, if anything makes one. */
function spanOf(
  { started }: Attempt,
  { row, checkpoint }: Job,
  data: JobData | undefined,
  { coordinator, isCalled = false }: PerformOptions,
): AttemptSpan | undefined {
  const { queue, telemetry } = coordinator
  if (telemetry === undefined) return undefined
  const given = [data?.payload ?? null, row, checkpoint]
  return telemetry.begin({ queue, started, given, trace: data?.trace ?? null, isCalled })
}

/** Ends its part of a trace, once it is known what came of it. */
export function endSpan({ span }: Attempt, outcome: PlainOutcome): void {
  span?.end(endOf(outcome))
}

function endOf(outcome: PlainOutcome): AttemptEnd {
  const { type } = outcome
  return type === 'failed' ? { outcome: type, code: outcome.code, error: outcome.error } : { outcome: type }
}

/** The first attempt of a job that came without data reads nothing: the hand-off is one commit and no more. */
async function dataOf({ started }: Attempt, coordinator: Coordinator): Promise<JobData | undefined> {
  const isBare = started.spec.hasData !== true && started.attempt + started.postponed === 1
  if (isBare && coordinator.telemetry?.propagates !== true) return undefined
  return coordinator.dataOf(started.lease)
}

/** The payload is not checked yet. */
function jobFor({ started }: Attempt, data: JobData | undefined, coordinator: Coordinator): Job {
  const { jobId, jobType, kind, models, priority, uses = {} } = started.spec
  const { attempt, attempts, postponed, lease } = started
  const payload = data?.payload ?? null
  const row = data?.row ?? null
  const checkpoint = data?.checkpoint ?? null
  const { places = {} } = lease
  const said = {
    jobId,
    jobType,
    kind,
    models,
    places,
    allPlaces: allPlacesOf(started, coordinator),
    uses,
    priority,
  }
  return { ...said, attempt, attempts, postponed, payload, row, checkpoint }
}

/** Which places it has as a whole, the ledger knows since it has started. */
function allPlacesOf({ lease }: Started, coordinator: Coordinator): Job['allPlaces'] {
  const { jobId, fencingToken, places = {} } = lease
  const live = jobOf(coordinator.ledger(), jobId)
  const wholes = live?.token === fencingToken ? live.wholes : null
  const single = Object.entries(places).map(([model, place]) => [model, [place]] as const)
  return { ...Object.fromEntries(single), ...wholes }
}
