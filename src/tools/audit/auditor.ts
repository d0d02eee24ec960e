import type { Ledger, RecordedEvent } from '../../engine/core/index.ts'
import { checkEvents, checkLedger, readingEvent } from '../../engine/events/index.ts'
import { beginAt } from './begin-at.ts'
import { checkStart } from './check-start.ts'
import { detach, end, giveBackModel } from './end.ts'
import { type AuditedJob, auditedJob, awaits, needOthers, replace } from './job.ts'
import { ruleFor } from './rules.ts'
import { AuditState } from './state.ts'
import type { AuditReport } from './violation.ts'

/**
 * Goes over a log once, in order, and notes every promise that it breaks. Shares no code with the rules that let jobs start
 * (src/engine/core), so a mistake there cannot hide itself here. Never throws on a bad log: it reports and goes on.
 */
export class Auditor {
  readonly #state = new AuditState()

  /** @param from the queue where the log begins, if its first events are gone; it is taken as true */
  constructor(from?: Ledger) {
    if (from !== undefined) checkLedger(from, 'from')
    if (from !== undefined && from.version > 0) beginAt(this.#state, from)
  }

  /** @throws InterlockError `invalid_input` for what is no event of a log */
  push(event: RecordedEvent): void {
    readingEvent(event, 'event', (read) => see(this.#state, read))
  }

  /** The result. Call it after the last event only: an append is judged when all of it was seen. */
  report(): AuditReport {
    return this.#state.finish()
  }
}

/**
 * Audits the events of a whole log.
 * @throws InterlockError `invalid_input` for what is no event of a log, naming it
 * @example const { violations } = audit(events)
 */
export function audit(events: Iterable<RecordedEvent>): AuditReport {
  checkEvents(events)
  const state = new AuditState()
  let at = 0
  for (const event of events) readingEvent(event, `events[${at++}]`, (read) => see(state, read))
  return state.finish()
}

function see(state: AuditState, event: RecordedEvent): void {
  state.begin(event)
  state.lines.turns.beginEvent()
  apply(state, event)
  for (const jobId of event.offers ?? []) {
    const job = state.jobs.get(jobId)
    if (job?.state === 'waiting') state.lines.offers.add(job, event.at)
    else state.report('life', jobId, `it is offered, but ${whatItIs(job)}`)
  }
}

function apply(state: AuditState, event: RecordedEvent): void {
  switch (event.type) {
    case 'queued':
      return queue(state, event)
    case 'started':
      return checkStart(state, event)
    case 'completed':
    case 'failed':
    case 'cancelled':
    case 'lease_expired':
    case 'expired':
      return end(state, event)
    case 'detached':
      return detach(state, event)
    case 'model_released':
      return giveBackModel(state, event)
    case 'requeued':
      return requeue(state, event)
    case 'cancel_requested':
      state.expect(event.jobId, 'active')
      return
    case 'due':
      return becomeDue(state, event)
    case 'blocked':
    case 'conflict':
      state.expect(event.jobId, 'waiting')
      return
    case 'asked':
      return ask(state, event)
    case 'reprioritized':
      return move(state, event)
    case 'deduplicated':
      return checkDouble(state, event)
    case 'debounced':
      return debounce(state, event)
    case 'policy_changed':
      return changePolicy(state, event)
    case 'drain_requested':
    case 'drained':
    case 'resumed':
      return state.govern(event.type)
    case 'epoch_changed':
      return state.changeEpoch(event.epoch)
    case 'model_paused':
      return state.lines.pause(event.model)
    case 'model_resumed':
      if (!state.lines.resume(event.model)) state.report('life', null, `${event.model} was not paused`)
      return
    case 'worker_serves':
      state.lines.serve(event.workerId, event.places ?? null)
      state.lines.passes.note(event.workerId, event.keeps)
      return
    case 'worker_gone':
      // It keeps nothing loaded any more, and serves nothing.
      if (![state.lines.passes.note(event.workerId), state.lines.serve(event.workerId, null)].includes(true))
        state.report('life', null, `worker ${event.workerId} had not said which places it serves`)
      return
    case 'voided':
      // In the place of an unreadable event, which may have been the `requeued` of any of them: `recover --void` puts these back.
      if (event.of !== event.seq) return
      state.between.clear()
      state.unread.add(event.seq)
      return
    case 'linked':
      return link(state, event)
    case 'released':
      return release(state, event)
    case 'bypassed':
    case 'end_propagated':
      return
    case 'schedule_set':
    case 'schedule_removed':
    case 'schedule_paused':
    case 'schedule_resumed':
    case 'schedule_skipped':
      return state.schedules.see(event, (detail) => state.report('schedule', null, detail))
    default:
      event satisfies never
  }
}

function changePolicy(
  { lines, jobs }: AuditState,
  event: RecordedEvent & { readonly type: 'policy_changed' },
): void {
  const { policy } = event
  lines.turns.suspend()
  lines.passes.govern(event)
  lines.change(policy)
  lines.turns.resume(policy, jobs.values())
}

function queue(state: AuditState, event: RecordedEvent & { readonly type: 'queued' }): void {
  const live = (jobId: string) => state.jobs.get(jobId)
  state.schedules.fire(event, live, (detail) => state.report('schedule', event.jobId, detail))
  checkIntake(state, event)
  if (state.jobs.has(event.jobId)) return state.report('life', event.jobId, 'it was queued while it was live')
  checkRevival(state, event)
  checkOnce(state, event, event.spec.once)
  checkDeclared(state, event)
  checkKey(state, event)
  const { policy } = state.lines
  const alone = event.spec.models.length === 0 && policy.emptySet === 'exclusive'
  const before = state.lines.waiting(event.spec)
  const job = auditedJob(event.spec, event, policy, before)
  if (event.asked === true) job.asker = event.workerId ?? null
  const limit = policy.fairShare?.maxWaiting ?? null
  if (limit !== null && before >= limit && event.spec.fairKey !== null && !isExempt(event) && !alone)
    state.report('fair_share', job.jobId, `${before} jobs of ${event.spec.fairKey} were waiting`)
  state.lines.countWaiting(job, 1)
  state.jobs.set(job.jobId, job)
  state.noteKey(job)
  state.counts.jobs++
  if (job.dueAt === null) state.lines.enter(job)
}

/** What exists already comes into line, however many are there: rows, and jobs that were committed in a transaction. */
const isExempt = ({ intake, submission }: RecordedEvent & { readonly type: 'queued' }): boolean =>
  intake === true || submission !== undefined

function checkIntake(
  state: AuditState,
  event: RecordedEvent & { readonly type: 'queued' | 'deduplicated' },
): void {
  const fault = state.intake.see(event)
  if (fault !== undefined) state.report('intake', event.jobId, fault)
}

function checkRevival(
  state: AuditState,
  { jobId, named }: RecordedEvent & { readonly type: 'queued' },
): void {
  if (named !== true && state.ended.has(jobId))
    state.report('revival', jobId, 'it had ended, and nobody asked for it again')
}

/** 0 is for ever. An event of which nothing is remembered could not be compared with the next one. */
function checkOnce(
  state: AuditState,
  { jobId, at, body }: RecordedEvent & { readonly type: 'queued' | 'deduplicated' },
  once: number | undefined,
): void {
  if (once === undefined) return
  const until = state.taken.get(jobId) ?? 0
  if (until > at) state.report('once', jobId, 'it had been enqueued once, and its id was taken')
  if (body === undefined) state.report('once', jobId, 'it is enqueued once, and nothing is remembered of it')
  state.taken.set(jobId, once === 0 ? Number.POSITIVE_INFINITY : at + once * 1_000)
}

/** A dead letter that is retried keeps its models, whatever has been declared since. */
function checkDeclared(
  state: AuditState,
  { jobId, spec }: RecordedEvent & { readonly type: 'queued' },
): void {
  const { models } = state.lines.policy
  if (models === undefined || state.isCut || state.ended.has(jobId)) return
  const undeclared = spec.models.find((model) => ruleFor(models, model) === undefined)
  if (undeclared !== undefined) state.report('declared', jobId, `${undeclared} was not declared`)
}

/** No other job had its key when the command came. Of a command with several of one key, the first has it. */
function checkKey(state: AuditState, { spec }: RecordedEvent & { readonly type: 'queued' }): void {
  const { dedupe, jobId } = spec
  if (dedupe === undefined) return
  const other = state.holdersOf(dedupe.key).at(-1)
  if (other !== undefined) state.report('dedupe', jobId, `job ${other} had its key, and should stand for it`)
}

function checkDouble(state: AuditState, event: RecordedEvent & { readonly type: 'deduplicated' }): void {
  const { jobId, standsFor, key } = event
  checkIntake(state, event)
  checkOnce(state, event, event.once)
  if (state.jobs.has(jobId)) state.report('life', jobId, `it was live when job ${standsFor} stood for it`)
  if (state.holdersOf(key).includes(standsFor)) return
  state.report('dedupe', jobId, `job ${standsFor} did not have its key, and could not stand for it`)
}

function debounce(state: AuditState, event: RecordedEvent & { readonly type: 'debounced' }): void {
  const job = state.expect(event.jobId, 'waiting')
  if (job === undefined) return
  const { runAt } = event
  const rule = job.spec.dedupe?.debounce
  if (rule === undefined) return state.report('dedupe', job.jobId, 'it does not wait for others of its key')
  if (runAt === null || runAt <= event.at) return
  if (runAt > job.queuedAt + rule.maxDelay * 1_000)
    state.report('dedupe', job.jobId, 'it is put off for longer than its maxDelay')
  if (job.dueAt === null) state.lines.leave(job)
  job.dueAt = runAt
}

function requeue(state: AuditState, event: RecordedEvent & { readonly type: 'requeued' }): void {
  const job = state.expect(event.jobId, 'between')
  if (job === undefined) return
  job.state = 'waiting'
  state.between.delete(job)
  if (event.models !== undefined) {
    state.lines.countWaiting(job, -1)
    needOthers(job, event.models, state.lines.policy)
    state.lines.countWaiting(job, 1)
  }
  if (event.reason !== 'retry' && event.reason !== 'lease_expired') job.free++
  job.dueAt = event.runAt !== null && event.runAt > event.at ? event.runAt : null
  if (job.dueAt === null) state.lines.enter(job)
}

function becomeDue(state: AuditState, event: RecordedEvent & { readonly type: 'due' }): void {
  const job = state.expect(event.jobId, 'waiting')
  if (job === undefined) return
  if (job.dueAt === null) return state.report('life', job.jobId, 'it becomes due a second time')
  if (job.dueAt > event.at) state.report('not_due', job.jobId, 'it becomes due before its time')
  job.dueAt = null
  state.lines.enter(job)
}

/** Jobs that are named as live are live; of others it says how they ended. */
function link(state: AuditState, event: RecordedEvent & { readonly type: 'linked' }): void {
  const job = state.expect(event.jobId, 'waiting')
  if (job === undefined) return
  if (!awaits(job)) state.report('life', job.jobId, 'it is linked to others, and waits for none')
  for (const id of event.after) {
    if (event.outcome === undefined && !state.jobs.has(id))
      state.report('parents', job.jobId, `it comes after ${id}, which is not live`)
    state.parents.link(job.jobId, id, event.goesOn === true, event.outcome)
  }
}

/** Nobody passes a job that somebody waits for. */
function ask(state: AuditState, { jobId, asker }: RecordedEvent & { readonly type: 'asked' }): void {
  const job = state.expect(jobId, 'waiting')
  if (job === undefined) return
  job.asker = asker
  state.lines.passes.leave(job)
}

/** Its position counts from now. */
function release(state: AuditState, event: RecordedEvent & { readonly type: 'released' }): void {
  const job = state.expect(event.jobId, 'waiting')
  if (job === undefined) return
  if (!awaits(job)) return state.report('life', job.jobId, 'it is released, and waits for no other job')
  const other = state.parents.unfinishedBefore(job.jobId)
  if (other !== undefined)
    state.report('parents', job.jobId, `it is released before job ${other} has completed`)
  replace(job, event, state.lines.policy)
  job.dueAt = event.runAt !== null && event.runAt > event.at ? event.runAt : null
  if (job.dueAt === null) state.lines.enter(job)
}

function move(state: AuditState, event: RecordedEvent & { readonly type: 'reprioritized' }): void {
  const job = state.expect(event.jobId, 'waiting')
  if (job === undefined) return
  if (job.dueAt === null) state.lines.leave(job)
  job.place = event.position
  job.priority = event.priority
  if (job.dueAt === null) state.lines.enter(job)
}

function whatItIs(job: AuditedJob | undefined): string {
  if (job === undefined) return 'it is not live'
  return job.state === 'between' ? 'its last attempt ended and it was not requeued' : `it is ${job.state}`
}
