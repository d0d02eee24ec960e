import type { Policy } from '../../engine/core/index.ts'
import { checkAhead, checkKept } from './check-ahead.ts'
import { checkRoom, checkSlot } from './check-room.ts'
import { inOrder } from './in-order.ts'
import { type AuditedJob, awaits, byPosition, takesAll, takesSlot } from './job.ts'
import { type AuditedNeed, placesOf } from './limits.ts'
import { amountOf, needsOf, placeFor, sharesOf, slotOf } from './needs.ts'
import { isWhere } from './places.ts'
import type { AuditedStart, AuditedStartEvent } from './start.ts'
import type { AuditState } from './state.ts'

/** Judges a start by every promise about starts, then lets it happen. */
export function checkStart(state: AuditState, event: AuditedStartEvent): void {
  const job = state.jobs.get(event.jobId)
  if (job === undefined) return state.report('life', event.jobId, 'it started, but is not live')
  if (job.state === 'active') {
    state.report('attempt', job.jobId, `it started a second time; token ${job.token} is still live`)
    return
  }
  if (job.state === 'between') state.report('life', job.jobId, 'it started, but was not requeued')
  const joins = event.batch !== undefined && joinsBatch(state, job, event, event.batch)
  const start: AuditedStart = { job, event, joins, needs: needsAt(state.lines.policy, job, event) }
  checkQueue(state, job)
  checkAttempt(state, job, event)
  if (job.spec.models.join('\n') !== event.models.join('\n'))
    state.report('life', job.jobId, `it started with other models than it was queued with`)
  checkRoom(state, start)
  checkKept(state, start)
  checkSlot(state, start)
  state.lines.stock.use(start.needs, event.at)
  checkAhead(state, start)
  begin(state, start)
}

/** Everything that the job takes, where it says that it starts. */
function needsAt(
  policy: Policy,
  job: AuditedJob,
  { places = {} }: AuditedStartEvent,
): readonly AuditedNeed[] {
  const wholes = job.spec.models.filter((model) => takesAll(job, model))
  const all = wholes.flatMap((model) =>
    (placesOf(policy, model) ?? []).map((place) => [model, place] as const),
  )
  return needsOf(job, [...all, ...Object.entries(places).filter(([model]) => !wholes.includes(model))])
}

/**
 * Whether the batch has what the job needs: else the job takes it itself, and is judged like any other. The number of a batch is that of its
 * first start, unless nobody can read that event any more.
 */
function joinsBatch(
  state: AuditState,
  job: AuditedJob,
  { seq, commandId, workerId, places }: AuditedStartEvent,
  batch: number,
): boolean {
  const report = (what: string) => state.report('batch', job.jobId, `it started in batch ${batch}${what}`)
  if (job.attempt > job.free) report(', and an attempt of it had failed before')
  const other = state.lines.inBatch(batch)
  const began = state.batch?.id === batch ? state.batch.commandId : null
  state.batch = { id: batch, commandId }
  if (other === undefined) {
    if (batch !== seq && !state.unread.has(batch)) report(', which holds nothing')
    return false
  }
  if (began !== null && began !== commandId) report(', which began before')
  if (other.workerId !== null && other.workerId !== workerId) report(', which runs in another process')
  if (other.spec.kind !== job.spec.kind) report(', which is of another kind')
  const isHeld = commonOf(other) === commonOf(job) && !job.spec.models.some((name) => takesAll(job, name))
  if (!isHeld) report(', which does not hold its models')
  const isThere = isWhere(job.spec.models, other.places, places ?? null)
  if (isHeld && !isThere) report(', which has its models in other places')
  const ahead = state.lines.turns.firstLike(job)
  if (ahead !== undefined && ahead !== job) report(`, and job ${ahead.jobId} of its key is alike and ahead`)
  return isHeld && isThere
}

/** What a batch has for all its jobs, in whatever order they name it. Who takes all of a model shares it with nobody. */
const commonOf = ({ spec: { models, asks } }: AuditedJob): string =>
  JSON.stringify(inOrder([models.toSorted(), asks]))

function checkQueue(state: AuditState, job: AuditedJob): void {
  if (state.draining) state.report('draining', job.jobId, 'it started while the queue was draining')
  if (job.held && state.lines.aside.isBarred(job, state.lines.policy))
    state.report('paused', job.jobId, 'it started while a model that it needs was paused')
  const other = state.parents.unfinishedBefore(job.jobId)
  if (other !== undefined || awaits(job))
    state.report(
      'parents',
      job.jobId,
      `it started before ${other === undefined ? 'it was released' : `job ${other} had completed`}`,
    )
  else if (job.dueAt !== null) state.report('not_due', job.jobId, 'it started before it was due')
}

function checkAttempt(state: AuditState, job: AuditedJob, event: AuditedStartEvent): void {
  const { attempts } = job.spec
  if (event.attempt !== job.attempt + 1) {
    state.report('attempt', job.jobId, `attempt ${job.attempt + 1} should be next, not ${event.attempt}`)
  }
  if (job.attempt - job.free >= attempts) {
    state.report('attempt', job.jobId, `all of its ${attempts} attempts were used before`)
  }
  if (event.seq <= job.token) {
    state.report('token', job.jobId, `token ${event.seq} is not greater than its last one, ${job.token}`)
  }
}

/** Offers end of jobs that cannot start any more because of this start: also those that its append had made to jobs behind it. */
function endOffers(state: AuditState, { job: started, event }: AuditedStart): void {
  const { lines } = state
  const { stock, policy } = lines
  const lacks = (need: AuditedNeed) => !stock.hasRoom(need)
  const { models } = started.spec
  const lacksModel = (job: AuditedJob) =>
    models.some(
      (name) => job.spec.models.includes(name) && !stock.of('model', name).hasRoom(amountOf(job, name)),
    )
  const lacksPlace = (job: AuditedJob) =>
    job.spec.models.some(
      (model) => placesOf(policy, model)?.every((place) => lacks(placeFor(job, model, place))) === true,
    )
  const isTaken = (job: AuditedJob) => lacksModel(job) || (started.places !== null && lacksPlace(job))
  const isLast = (job: AuditedJob) => takesSlot(started) && lacks(slotOf(job))
  const isFull = (job: AuditedJob) => sharesOf(started).length > 0 && sharesOf(job).some(lacks)
  // Who is taken by its turn takes what was offered ahead of it as well.
  const isTurn = lines.turns.isOn && event.virtualTime !== undefined
  const spent = models.filter((name) => stock.of('rate', name).mayBeFull(event.at))
  state.excuse(
    (job) =>
      ((isTurn || byPosition(job, started) > 0) && (isLast(job) || isTaken(job))) ||
      spent.some((name) => job.spec.models.includes(name)),
  )
  lines.offers.end((job) => isLast(job) || isFull(job) || isTaken(job))
}

function begin(state: AuditState, start: AuditedStart): void {
  const { job, event, joins, needs } = start
  const { ahead, lines } = state
  const places = needs.flatMap(({ sort, name }) => (sort === 'place' ? [name] : []))
  // Who could have been taken in its place is passed, and not overtaken, unless keys take turns.
  const isWarm = event.warm !== undefined && !lines.turns.isOn
  for (const other of ahead.overtakenBy(job, places, joins))
    if (!isWarm || ahead.isBarred(other, event.without ?? [])) lines.overtake(other)
  job.startedAt = event.at
  job.expects = event.expects ?? 0
  job.returned = new Map()
  job.rides = joins
  lines.turns.start(job, joins)
  lines.leave(job)
  lines.passes.forget(job)
  job.places = event.places ?? null
  job.workerId = event.workerId
  // What is not held in common it holds by itself.
  const isFirst = event.batch !== undefined && lines.inBatch(event.batch) === undefined
  job.batch = joins || isFirst ? (event.batch ?? null) : null
  lines.take(job, needs)
  lines.countWaiting(job, -1)
  endOffers(state, start)
  job.state = 'active'
  job.dueAt = null
  job.token = event.seq
  job.detached = false
  job.attempt = event.attempt
  state.counts.attempts++
  state.active++
  state.maxConcurrent = Math.max(state.maxConcurrent, lines.slots)
}
