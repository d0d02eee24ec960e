import { type AuditedJob, byPosition, takesSlot } from './job.ts'
import { amountOf } from './needs.ts'
import type { AuditedStart } from './start.ts'
import type { AuditState } from './state.ts'

/** Was a model that it took kept for a job ahead? */
export function checkKept(state: AuditState, { job, event, joins }: AuditedStart): void {
  const { ahead, lines } = state
  const { stock, turns } = lines
  const byLine = ahead.keptFromAt(job, event.at, joins ? 1 : 0)
  const isOver = byLine === undefined || event.warm === undefined || turns.isOn
  const name = isOver ? byLine : ahead.keptFromWarm(job, event.without ?? [])
  // What others have is not kept.
  if (name !== undefined && (joins || stock.of('model', name).hasRoom(amountOf(job, name))))
    state.report('order', job.jobId, `${name} is kept for a job ahead of it in line`, name)
}

/** Was anybody passed who could have had what it took? */
export function checkAhead(state: AuditState, start: AuditedStart): void {
  const { job, event } = start
  const { ahead, lines } = state
  const { policy, turns } = lines
  const isLeft = leavesOut(state, start)
  if (!isLeft) notePassed(state, start, ahead.alike(job, event.places ?? {}), 'order')
  // An offer of 0 ms keeps no place, and the log may not mention it.
  if (takesSlot(job) && policy.offerMs !== 0) {
    const lone = ahead.alone(job, event.at)
    if (lone !== undefined)
      state.report('line_order', job.jobId, `job ${lone.jobId} is ahead and must run alone`)
    // Without a limit nobody loses a slot.
    const isByLine = policy.maxActive !== null && !(turns.isOn && event.virtualTime !== undefined)
    if (event.warm !== undefined) checkPasses(state, start)
    else if (isByLine && !isLeft) notePassed(state, start, ahead.startable(job, event.at), 'line_order')
  }
  if (event.virtualTime !== undefined) checkTurn(state, start, event.virtualTime)
}

/** No key that had used less had a job that could have been taken in its place, by a process that runs its kind. */
function checkTurn(state: AuditState, start: AuditedStart, virtualTime: number): void {
  const { job, event } = start
  const { turns } = state.lines
  const fault = turns.faultOf(job, virtualTime)
  if (fault !== undefined) state.report('turn', job.jobId, fault)
  const isLess = (one: AuditedJob) => turns.timeOf(one) < turns.timeOf(job)
  // Of keys that had used as much, what is loaded may decide.
  const other = nextInTurn(state, start).find((one) => event.warm === undefined || isLess(one))
  if (other !== undefined)
    state.report('turn', job.jobId, `job ${other.jobId} could have started, and it was its turn`)
}

/** Jobs of its kind that could have started, and whose turn came before it. */
const nextInTurn = (
  { ahead, lines: { turns } }: AuditState,
  { job, event }: AuditedStart,
): readonly AuditedJob[] =>
  turns.isOn
    ? turns
        .before(job)
        .filter((one) => one.spec.kind === job.spec.kind && ahead.couldHaveStarted(one, event.at))
    : []

/** A job is about to be cancelled, and was left out: a start that takes its turn names no virtual time, and is not judged by the line either. */
const leavesOut = (state: AuditState, start: AuditedStart): boolean =>
  start.event.virtualTime === undefined &&
  !start.joins &&
  start.job.asker === null &&
  nextInTurn(state, start).length > 0

/**
 * Jobs ahead of a start that could have had what it takes. A job joins a batch from behind the first of it, and takes what that has already: those
 * ahead of the first were passed by that one, since it was its turn, or its models were loaded.
 */
function notePassed(
  state: AuditState,
  { event: { jobId: by, seq, batch }, joins }: AuditedStart,
  ahead: readonly AuditedJob[],
  rule: 'order' | 'line_order',
): void {
  const first = joins && batch !== undefined ? state.lines.inBatch(batch) : undefined
  for (const job of ahead)
    if (first === undefined || byPosition(first, job) < 0) state.passed.push({ job, by, seq, rule })
}

/** It goes before others since its models are loaded: each of them is passed once more. */
function checkPasses(state: AuditState, { job, event }: AuditedStart): void {
  const { lines } = state
  if (!lines.passes.mayPass(event.workerId))
    state.report('passed', job.jobId, `worker ${event.workerId} has not said that it keeps models loaded`)
  for (const other of passable(state, job, event.at)) {
    const fault = lines.passes.count(other, event, lines.policy)
    if (fault !== undefined) state.report('passed', job.jobId, `job ${other.jobId} is ahead, and ${fault}`)
    if (other.place.level < job.place.level)
      state.report('passed', job.jobId, `job ${other.jobId} is ahead, and has a higher priority`)
  }
}

/** Those ahead that could have started. Where keys take turns only those of its own key are passed, and of each sort of jobs the first. */
const passable = (
  { ahead, lines: { turns } }: AuditState,
  job: AuditedJob,
  at: number,
): readonly AuditedJob[] =>
  turns.isOn
    ? turns
        .firstsBeside(job)
        .filter((other) => byPosition(other, job) < 0 && ahead.couldHaveStarted(other, at))
    : ahead.startable(job, at)
