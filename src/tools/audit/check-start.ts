import type { RecordedEvent } from '../../engine/core/index.ts'
import { type AuditedJob, awaits, byPosition, takesAll, takesSlot } from './job.ts'
import type { AuditedLines } from './lines.ts'
import { isSameAsk, isWhere, placesOf } from './places.ts'
import type { AuditState } from './state.ts'

/** Judges a start by every promise about starts, then lets it happen. */
export function checkStart(state: AuditState, event: StartedEvent): void {
  const job = state.jobs.get(event.jobId)
  if (job === undefined) return state.report('life', event.jobId, 'it started, but is not live')
  if (job.state === 'active') {
    state.report('attempt', job.jobId, `it started a second time; token ${job.token} is still live`)
    return
  }
  if (job.state === 'between') state.report('life', job.jobId, 'it started, but was not requeued')
  const joins = event.batch !== undefined && joinsBatch(state, job, event, event.batch)
  checkQueue(state, job)
  checkAttempt(state, job, event)
  state.lines.uses.reserve(state.lines.policy, job, event.at)
  checkModels(state, job, event, joins)
  if (takesSlot(job)) checkSlot(state, job, event, joins)
  if (event.virtualTime !== undefined) checkTurn(state, job, event, event.virtualTime)
  begin(state, job, event, joins)
}

/**
 * Whether the batch has what the job needs: else the job takes it itself, and is judged like any other. The number of a batch is that of its
 * first start, unless nobody can read that event any more.
 */
function joinsBatch(
  state: AuditState,
  job: AuditedJob,
  { seq, commandId, workerId, places }: StartedEvent,
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
  const isHeld = setOf(other) === setOf(job) && isSameAsk(other.spec.asks, job.spec.asks)
  if (!isHeld) report(', which does not hold its models')
  const isThere = isWhere(job.spec.models, other.places, places ?? null)
  if (isHeld && !isThere) report(', which has its models in other places')
  const ahead = state.lines.turns.firstLike(job)
  if (ahead !== undefined && ahead !== job) report(`, and job ${ahead.jobId} of its key is alike and ahead`)
  return isHeld && isThere
}

const setOf = ({ spec }: AuditedJob): string => spec.models.toSorted().join('\n')

type StartedEvent = RecordedEvent & { readonly type: 'started' }

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

function checkAttempt(state: AuditState, job: AuditedJob, event: StartedEvent): void {
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

function checkModels(state: AuditState, job: AuditedJob, event: StartedEvent, joins: boolean): void {
  const { models } = job.spec
  if (models.join('\n') !== event.models.join('\n')) {
    state.report('life', job.jobId, `it started with other models than it was queued with`)
  }
  for (const model of models) {
    const places = state.lines.places(model)
    const holders = state.lines.holders(model)
    if (!joins && takesAll(job, model) && holders > 0)
      state.report('capacity', job.jobId, `${holders} held ${model}, all of which it takes`, model)
    else if (!joins && state.lines.isFull(model))
      state.report('capacity', job.jobId, `${holders} held ${model}, which has capacity ${places}`, model)
  }
  const { lines } = state
  const said = event.places ?? null
  const joined = joins ? (event.batch ?? null) : null
  const isServed = (place: string) => lines.aside.servers.mayHave(event.workerId, place)
  for (const { model, detail } of lines.taken.faultsOf(
    job,
    said,
    lines.policy,
    lines.aside.paused,
    isServed,
    joined,
  ))
    state.report('place', job.jobId, detail, model)
  if (!leavesOut(lines, job, event, joins)) notePassed(state, lines.alikeAhead(job), event, joins, 'order')
  for (const model of models) {
    if (state.lines.rates.note(state.lines.policy, model, event.at))
      state.report('rate', job.jobId, `more jobs started on ${model} than its rate allows`, model)
  }
  for (const resource of state.lines.uses.overLimit(lines.policy, job, event.at))
    state.report('use', job.jobId, `more of ${resource} was used or reserved than its limit allows`)
  const byLine = state.lines.keptFromJobAt(job, event.at, joins ? 1 : 0)
  const isOver = byLine === undefined || event.warm === undefined || state.lines.turns.isOn
  const kept = isOver ? byLine : state.lines.keptFromWarm(job, event.without ?? [])
  const isHeld = (model: string) =>
    takesAll(job, model) ? state.lines.holders(model) > 0 : state.lines.isFull(model)
  if (kept !== undefined && (joins || !isHeld(kept))) {
    state.report('order', job.jobId, `${kept} is kept for a job ahead of it in line`, kept)
  }
}

/** No key that had used less had a job that could have been taken in its place, by a process that runs its kind. */
function checkTurn(state: AuditState, job: AuditedJob, event: StartedEvent, virtualTime: number): void {
  const { lines } = state
  const fault = lines.turns.faultOf(job, virtualTime)
  if (fault !== undefined) state.report('turn', job.jobId, fault)
  const isLess = (one: AuditedJob) => lines.turns.timeOf(one) < lines.turns.timeOf(job)
  // Of keys that had used as much, what is loaded may decide.
  const other = nextInTurn(lines, job, event.at).find((one) => event.warm === undefined || isLess(one))
  if (other !== undefined)
    state.report('turn', job.jobId, `job ${other.jobId} could have started, and it was its turn`)
}

/** Jobs of its kind that could have started, and whose turn came before it. */
const nextInTurn = (lines: AuditedLines, job: AuditedJob, at: number): readonly AuditedJob[] =>
  lines.turns.isOn
    ? lines.turns
        .before(job)
        .filter((one) => one.spec.kind === job.spec.kind && lines.couldHaveStarted(one, at))
    : []

/** A job is about to be cancelled, and was left out: a start that takes its turn names no virtual time, and is not judged by the line either. */
const leavesOut = (
  lines: AuditedLines,
  job: AuditedJob,
  { at, virtualTime }: StartedEvent,
  joins: boolean,
): boolean => virtualTime === undefined && !joins && !job.asked && nextInTurn(lines, job, at).length > 0

function checkSlot(state: AuditState, job: AuditedJob, event: StartedEvent, joins: boolean): void {
  const { at, virtualTime } = event
  const { slots, alone, policy, shares } = state.lines
  if (shares.isFull(job, policy))
    state.report(
      'fair_share',
      job.jobId,
      `as many jobs of ${job.spec.fairKey} were active as its share allows`,
    )
  if (!joins && policy.maxActive !== null && slots >= policy.maxActive) {
    state.report('max_active', job.jobId, `${slots} were active, and the policy allows ${policy.maxActive}`)
  }
  if (alone > 0 || (job.alone && slots > 0))
    state.report('alone', job.jobId, 'a job that must run alone did not run alone')
  // An offer of 0 ms keeps no place, and the log may not mention it.
  if (policy.offerMs === 0) return
  const lone = state.lines.aloneAhead(job, at)
  if (lone !== undefined)
    state.report('line_order', job.jobId, `job ${lone.jobId} is ahead and must run alone`)
  if (event.warm !== undefined) return checkPasses(state, job, event)
  // Without a limit nobody loses a slot.
  if (policy.maxActive === null || (state.lines.turns.isOn && virtualTime !== undefined)) return
  if (leavesOut(state.lines, job, event, joins)) return
  notePassed(state, state.lines.startableAhead(job, at), event, joins)
}

/**
 * Jobs ahead of a start that could have had what it takes. A job joins a batch from behind the first of it, and takes what that has already: those
 * ahead of the first were passed by that one, since it was its turn, or its models were loaded.
 */
function notePassed(
  state: AuditState,
  ahead: readonly AuditedJob[],
  { jobId: by, seq, batch }: StartedEvent,
  joins: boolean,
  rule?: 'order',
): void {
  const first = joins && batch !== undefined ? state.lines.inBatch(batch) : undefined
  for (const job of ahead)
    if (first === undefined || byPosition(first, job) < 0)
      state.passed.push({ job, by, seq, ...(rule && { rule }) })
}

/** It goes before others since its models are loaded: each of them is passed once more. */
function checkPasses(state: AuditState, job: AuditedJob, event: StartedEvent): void {
  const { lines } = state
  if (!lines.passes.mayPass(event.workerId))
    state.report('passed', job.jobId, `worker ${event.workerId} has not said that it keeps models loaded`)
  for (const other of passable(lines, job, event.at)) {
    const fault = lines.passes.count(other, event, lines.policy)
    if (fault !== undefined) state.report('passed', job.jobId, `job ${other.jobId} is ahead, and ${fault}`)
    if (other.place.level < job.place.level)
      state.report('passed', job.jobId, `job ${other.jobId} is ahead, and has a higher priority`)
  }
}

/** Those ahead that could have started. Where keys take turns only those of its own key are passed, and of each sort of jobs the first. */
const passable = (lines: AuditedLines, job: AuditedJob, at: number): readonly AuditedJob[] =>
  lines.turns.isOn
    ? lines.turns
        .firstsBeside(job)
        .filter((other) => byPosition(other, job) < 0 && lines.couldHaveStarted(other, at))
    : lines.startableAhead(job, at)

/** Withdraws the offers of jobs that cannot start any more because of this start. */
function endOffers(state: AuditState, started: AuditedJob, at: number): void {
  const { lines } = state
  const { maxActive } = lines.policy
  const full = started.spec.models.filter((model) => lines.isFull(model))
  const lacks = (job: AuditedJob) =>
    full.some((model) => job.spec.models.includes(model)) ||
    started.spec.models.some((model) => job.spec.models.includes(model) && takesAll(job, model)) ||
    (started.places !== null && lines.taken.hasNoRoomFor(job, lines.policy))
  const isLastSlot = started.alone || (maxActive !== null && lines.slots >= maxActive)
  if (takesSlot(started) && isLastSlot) state.excuseBehind(started)
  if (started.spec.models.length > 0) state.excuseTaken(started, lacks)
  const spent = started.spec.models.filter((model) => lines.rates.mayBeFull(lines.policy, model, at))
  if (spent.length > 0) state.excuseLimited(spent)
  lines.endOffers(
    (job) =>
      (takesSlot(started) && (isLastSlot || job.alone)) ||
      (started.spec.fairKey !== null && takesSlot(started) && lines.shares.isFull(job, lines.policy)) ||
      (job !== started && lacks(job)),
  )
}

function begin(state: AuditState, job: AuditedJob, event: StartedEvent, joins: boolean): void {
  const { policy } = state.lines
  const whole = job.spec.models.filter((model) => takesAll(job, model))
  const wholes = whole.map((model) => [model, placesOf(policy, model) ?? []] as const)
  const taken = [...Object.values(event.places ?? {}), ...wholes.flatMap(([, places]) => places)]
  // Who could have been taken in its place is passed, and not overtaken, unless keys take turns.
  const isWarm = event.warm !== undefined && !state.lines.turns.isOn
  const isOvertaken = (other: AuditedJob) => state.lines.isBarred(other, event.without ?? [])
  state.lines.countOvertaken(job, taken, joins, isWarm ? isOvertaken : undefined)
  job.startedAt = event.at
  job.expects = event.expects ?? 0
  job.returned = new Map()
  job.rides = joins
  state.lines.turns.start(job, joins)
  state.lines.leave(job)
  state.lines.passes.forget(job)
  job.places = event.places ?? null
  job.wholes = Object.fromEntries(wholes)
  job.gaveBack = []
  job.workerId = event.workerId
  // What is not held in common it holds by itself.
  const isFirst = event.batch !== undefined && state.lines.inBatch(event.batch) === undefined
  job.batch = joins || isFirst ? (event.batch ?? null) : null
  state.lines.take(job)
  state.lines.shares.move(job, -1, 1)
  endOffers(state, job, event.at)
  job.state = 'active'
  job.dueAt = null
  job.token = event.seq
  job.detached = false
  job.attempt = event.attempt
  state.counts.attempts++
  state.active++
  state.maxConcurrent = Math.max(state.maxConcurrent, state.lines.slots)
}
