import {
  holdsAt,
  invalidInput,
  isOfRow,
  type Micros,
  numberText,
  type OnceRecord,
  onceRecordOf,
  type RecordedEvent,
} from '../../core/index.ts'
import { asRead, decodeEvent, encodeEvent } from '../../events/index.ts'
import type { AppendAnswer, AppendRequest, KnownCommand } from '../index.ts'
import { dataOfStarted, putData, putStaged, unstagedOf } from './data.ts'
import type { MemoryQueue, MemoryWorker } from './database.ts'
import { cancelledBefore } from './inbox.ts'

const TOLERANCE: Micros = 1_000_000
/** Of events from which nothing is counted. */
const MOST_LATE: Micros = 5_000_000
const MISSED_EVENTS = 500
const MAX_EVENTS = 25_000

/** `job_queue_append`: the checks in the same order as in SQL, then all changes at once. */
export function appendTo(queue: MemoryQueue, request: AppendRequest, clock: ServerClock): AppendAnswer {
  const { now } = clock
  checkCount(request)
  const refusal = refusalOf(queue, request, clock)
  if (refusal) return refusal
  for (const event of request.events) record(queue, event)
  for (const workerId of goneIn(request.events)) {
    const worker = queue.workers.get(workerId)
    if (worker) worker.dead = true
  }
  const { state, jobs, gone, data = [], staged = [] } = request.changes
  for (const jobId of gone) queue.jobs.delete(jobId)
  for (const row of jobs) queue.jobs.set(row.job_id, row)
  for (const change of data) putData(queue, change)
  putStaged(queue, staged)
  for (const id of submissionsOf(request.events)) queue.submissions.delete(id)
  queue.state = { ...state, policy: state.policy ?? queue.state.policy }
  const { wanted } = request
  const version = queue.log.length
  if (wanted === undefined) return { ok: true, version, now }
  return { ok: true, version, now, data: dataOfStarted(queue, wanted) }
}

function refusalOf(queue: MemoryQueue, request: AppendRequest, clock: ServerClock): AppendAnswer | null {
  const { now } = clock
  const { events, expectedVersion, expectedAt } = request
  const { epoch } = queue
  const version = queue.log.length
  const refused = { ok: false, version, now } as const
  if (expectedAt !== undefined) {
    const at = version === expectedVersion ? queue.lastAt : atOf(queue, expectedVersion)
    if (version < expectedVersion || (at ?? expectedAt) !== expectedAt) {
      return { ...refused, reason: 'log_went_back' }
    }
  }
  if (version !== expectedVersion) {
    const missed = eventsAfter(queue, expectedVersion).slice(0, MISSED_EVENTS)
    return { ...refused, reason: 'version', epoch, missed }
  }
  checkNumbers(request)
  const known = [...new Set(events.map((event) => event.commandId))].flatMap(
    (id) => queue.commands.get(id) ?? [],
  )
  if (known.length > 0) return { ...refused, reason: 'known', known: known.toSorted(bySeq) }
  const taken = arrivalsOf(events).filter((id) =>
    queue.log.some((event) => 'jobId' in event && event.jobId === id),
  )
  if (taken.length > 0) return { ...refused, reason: 'taken', jobIds: taken }
  const once = onceBefore(queue, events)
  if (once.length > 0) return { ...refused, reason: 'once', once }
  const ids = submissionsOf(events).filter((id) => !queue.submissions.has(id))
  if (ids.length > 0) return { ...refused, reason: 'submissions', ids }
  const dead = workersOf(events, ({ type }) => type === 'started' || type === 'worker_serves').filter(
    (id) => !isLive(queue.workers.get(id), clock),
  )
  if (dead.length > 0) return { ...refused, reason: 'dead_worker', workerIds: dead }
  const requested = cancelledBefore(queue, events)
  if (requested.length > 0) return { ...refused, reason: 'requested', jobIds: requested }
  const live = goneIn(events).filter((id) => !isOverdue(queue.workers.get(id), clock))
  if (live.length > 0) return { ...refused, reason: 'live_worker', workerIds: live }
  const unstaged = unstagedOf(queue, request.changes.staged ?? [])
  if (unstaged.length > 0) return { ...refused, reason: 'unstaged', commandIds: unstaged }
  return timesAreRight(events, queue.lastAt, now) ? null : { ...refused, reason: 'clock' }
}

/** `job_queue_events`: nothing for a reader that is behind the cut, since it would see a gap. */
export function eventsAfter(queue: MemoryQueue, after: number): readonly RecordedEvent[] {
  return after < queue.archivedSeq ? [] : read(queue, queue.log.slice(after))
}

/** `job_queue_event_at`: the time of an event; null if there is none, or it was archived and not kept. */
export function atOf({ log, goneSeq }: MemoryQueue, seq: number): Micros | null {
  return seq <= goneSeq ? null : (log[seq - 1]?.at ?? null)
}

/** The time, and when the server began to serve. */
export interface ServerClock {
  readonly now: Micros
  readonly since: Micros
}

/**
 * `job_queue_elsewhere`: the lease was last confirmed before this server began to serve. Nobody could renew it since, and what is
 * known of it here may be older than what its worker was told. So it is live, however its times read.
 */
export function isElsewhere({ serverSince }: MemoryWorker, { since }: ServerClock): boolean {
  return serverSince !== since
}

/** The lease lets the worker start jobs. */
export function isLive(worker: MemoryWorker | undefined, clock: ServerClock): boolean {
  if (worker === undefined || worker.dead) return false
  return worker.expiresAt > clock.now || isElsewhere(worker, clock)
}

/** The lease is over, and so is the grace in which a worker that cannot beat stops its handlers. */
export function isOverdue(worker: MemoryWorker | undefined, clock: ServerClock): boolean {
  if (worker === undefined || worker.dead) return true
  return worker.expiresAt + worker.beat.graceMs * 1_000 < clock.now && !isElsewhere(worker, clock)
}

/** How old events may be: rates, deadlines and offers count from their times. */
const mostOld = (events: readonly RecordedEvent[]): Micros =>
  events.some(({ type, offers }) => type === 'started' || type === 'worker_serves' || offers !== undefined)
    ? TOLERANCE
    : MOST_LATE

/**
 * Times rise strictly and are near the clock. If the last event is ahead of the clock (because the clock was set back), the log
 * goes on from that event, but gets no further ahead of the clock.
 */
function timesAreRight(events: readonly RecordedEvent[], lastAt: Micros, now: Micros): boolean {
  let before = lastAt
  for (const { at } of events) {
    if (at <= before) return false
    before = at
  }
  const first = events[0]?.at ?? now
  const ahead = Math.max(0, lastAt - now)
  return first >= now - mostOld(events) && before <= Math.max(now + TOLERANCE, lastAt + events.length + ahead)
}

function record(queue: MemoryQueue, event: RecordedEvent): void {
  queue.log.push(event)
  queue.lastAt = event.at
  if (event.type === 'queued') queue.lives.set(event.jobId, event.seq)
  if (event.type === 'queued' && event.intake === true) queue.ofRows.add(event.jobId)
  const record = onceRecordOf(event)
  if (record !== undefined) queue.once.set(record.jobId, record)
  if (event.type === 'voided') voidIn(queue, event.of, event.as ?? null)
  if (event.type === 'epoch_changed') queue.epoch = event.epoch
  const known = queue.commands.get(event.commandId)
  if (known) known.seqs.push(event.seq)
  else queue.commands.set(event.commandId, { ...idOf(event), seqs: [event.seq] })
}

/** `job_queue_void`: everything that was folded from that event on is void. */
function voidIn(queue: MemoryQueue, of: number, as: { readonly [key: string]: unknown } | null): void {
  queue.voids.set(of, as)
  for (const [jobId, { seq }] of queue.once) if (seq === of) queue.once.delete(jobId)
  const kept = queue.snapshots.filter(({ seq }) => seq < of || seq === queue.archivedSeq)
  queue.snapshots.splice(0, Number.POSITIVE_INFINITY, ...kept)
}

/** The events, changed as later `voided` events say. */
export function read({ voids }: MemoryQueue, events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  if (voids.size === 0) return events
  return events.map((event) =>
    voids.has(event.seq) ? decodeEvent(asRead(encodeEvent(event), voids)) : event,
  )
}

/** `job_queue_once_before` */
function onceBefore({ once }: MemoryQueue, events: readonly RecordedEvent[]): readonly OnceRecord[] {
  return events.flatMap((event) => {
    const own = onceRecordOf(event)
    const record = own && once.get(own.jobId)
    return record !== undefined && holdsAt(record, event.at) ? [record] : []
  })
}

const idOf = ({ commandId, commandHash }: RecordedEvent) => ({ commandId, commandHash })

function arrivalsOf(events: readonly RecordedEvent[]): string[] {
  return events.flatMap((event) => (isOfRow(event) ? [event.jobId] : []))
}

/** The submitted jobs that these events put in line. */
function submissionsOf(events: readonly RecordedEvent[]): number[] {
  return events.flatMap((event) =>
    event.type === 'queued' || event.type === 'deduplicated' ? (event.submission ?? []) : [],
  )
}

const goneIn = (events: readonly RecordedEvent[]): string[] =>
  workersOf(
    events,
    (event) => event.type === 'lease_expired' || (event.type === 'worker_gone' && event.left !== true),
  )

function workersOf(events: readonly RecordedEvent[], isOf: (event: RecordedEvent) => boolean): string[] {
  return [...new Set(events.filter(isOf).flatMap(({ workerId }) => workerId ?? []))].toSorted()
}

const bySeq = (a: KnownCommand, b: KnownCommand): number => (a.seqs[0] ?? 0) - (b.seqs[0] ?? 0)

function checkCount({ events }: AppendRequest): void {
  if (events.length >= 1 && events.length <= MAX_EVENTS) return
  throw invalidInput(`an append takes 1 to ${numberText(MAX_EVENTS)} events; divide it`)
}

function checkNumbers({ events, expectedVersion, changes }: AppendRequest): void {
  if (!events.every((event, index) => event.seq === expectedVersion + index + 1)) {
    throw invalidInput(
      `an append takes events numbered from ${expectedVersion + 1}; decide again at the current version`,
    )
  }
  if (changes.state.version !== expectedVersion + events.length) {
    throw invalidInput(
      `the state row is of version ${changes.state.version}, the last event is ${expectedVersion + events.length}; compute the changes after the events`,
    )
  }
}
