import { Subscription } from 'rxjs'
import type { Coordinator } from '../coordinator/index.ts'
import { endsAttempt, isAttemptOver, type Started } from '../core/index.ts'
import { Attempt } from './attempt.ts'
import type { WorkDefinition } from './handlers.ts'
import { logEnd, logFailure, logStart } from './log-lines.ts'
import type { AttemptOutcome, PlainOutcome } from './outcome.ts'
import { endSpan, perform } from './perform.ts'
import { emptyTally, Reporter } from './reporter.ts'
import { type AskOptions, untilAnswered } from './until-answered.ts'

const STOP_MS = 4_000

/** Runs one attempt that was started for this process, reports its end, and returns its outcome. */
export async function runOne(
  started: Started,
  coordinator: Coordinator,
  definition: WorkDefinition,
  signal: AbortSignal = new AbortController().signal,
): Promise<PlainOutcome> {
  const onError = (error: unknown) => logFailure(coordinator.logger, error)
  const attempt = new Attempt(started, coordinator, STOP_MS)
  const watch = watchOver(attempt, coordinator)
  const giveUp = () => attempt.stop('drained')
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  logStart(coordinator.logger, started)
  try {
    const came = await perform(attempt, { coordinator, definition, onError, isCalled: true })
    const outcome = await reported(attempt, came, { coordinator, definition, signal, onError })
    if (came.type === 'completed_in') endSpan(attempt, outcome)
    logEnd(coordinator.logger, attempt, outcome)
    return outcome
  } finally {
    watch.unsubscribe()
    signal.removeEventListener('abort', giveUp)
  }
}

function watchOver(attempt: Attempt, coordinator: Coordinator): Subscription {
  const { jobId, fencingToken } = attempt.lease
  const watch = new Subscription()
  watch.add(coordinator.leaseLost$.subscribe(() => attempt.stop('lease_lost')))
  watch.add(
    coordinator.heard$.subscribe((event) => {
      if (!('jobId' in event) || event.jobId !== jobId) return
      if (event.type === 'cancel_requested') attempt.stop('cancel_requested')
      if (endsAttempt(event) && event.token === fencingToken) attempt.ended(event)
    }),
  )
  // No event will tell what happened between the start and now.
  const now = coordinator.state().active()
  if (coordinator.attempt(attempt.lease) === undefined) attempt.stop('ended')
  else if (now.some((job) => job.jobId === jobId && job.cancelRequested)) attempt.stop('cancel_requested')
  return watch
}

interface ReportOptions extends AskOptions {
  readonly coordinator: Coordinator
  readonly definition: WorkDefinition
}

/** If the program gives up, an unreported end is lost with its lease. */
async function reported(
  attempt: Attempt,
  outcome: AttemptOutcome,
  telling: ReportOptions,
): Promise<PlainOutcome> {
  if (outcome.type === 'lost') return outcome
  const { coordinator, definition, onError } = telling
  const reporter = new Reporter(coordinator, emptyTally(), onError)
  try {
    const answer = await untilAnswered(
      () => reporter.report(attempt, outcome, definition.retry ?? {}, undefined),
      telling,
    )
    return answer?.outcome ?? { type: 'lost' }
  } catch (error) {
    if (!isAttemptOver(error)) throw error
    return { type: 'lost' }
  }
}
