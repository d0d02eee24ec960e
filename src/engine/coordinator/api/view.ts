import {
  heldModels,
  isDeath,
  type Job,
  type JobOutcome,
  type JobSpec,
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  outcomeOf,
  type Pause,
  type Policy,
  type RecordedEvent,
  statusOf,
  type Tries,
  triesOf,
  type Waiting,
  waitingCount,
  waitingFor,
} from '../../core/index.ts'

/** A live job, for people and programs. */
export interface JobView extends Pick<JobSpec, 'jobId' | 'jobType' | 'kind' | 'priority'>, Tries {
  /** What it waits for, or has: what a running attempt has given back is not among them. */
  readonly models: readonly string[]
  readonly queuedAt: Date
}

export interface ActiveJobView extends JobView {
  /** Null for a detached attempt. */
  readonly workerId: string | null
  /** For a detached attempt: until when it keeps its models. */
  readonly detachedUntil: Date | null
  readonly fencingToken: number
  readonly startedAt: Date
  /** The place of each of its models that has places; null: none has. */
  readonly places: Readonly<Record<string, string>> | null
  readonly cancelRequested: boolean
}

export interface WaitingJobView extends JobView, Omit<Waiting, 'until'> {
  /** When time alone ends the reason. Null: something has to happen, or the time is unknown. */
  readonly until: Date | null
  readonly dueAt: Date | null
}

/** A paused model: why, since when, until when (null: until it is resumed), and by which process. */
export interface PausedModelView extends Pick<Pause, 'model' | 'reason' | 'by'> {
  readonly since: Date
  readonly until: Date | null
}

/** A readonly look at the queue at one version. */
export interface QueueView {
  readonly queue: string
  readonly status: 'idle' | 'running' | 'draining'
  readonly version: number
  readonly epoch: number
  readonly policy: Policy
  readonly activeCount: number
  readonly waitingCount: number
  /** Models whose jobs do not start. */
  readonly paused: readonly PausedModelView[]
  readonly drainedAt: Date | null
  /** Active jobs, oldest start first. */
  active(): readonly ActiveJobView[]
  /** Waiting jobs in line order, then those that a pause keeps beside the line, then those that are not due; at most `limit`. */
  waiting(limit?: number): readonly WaitingJobView[]
}

export function queueView(queue: string, ledger: Ledger, now: Micros): QueueView {
  return {
    queue,
    status: statusOf(ledger),
    version: ledger.version,
    epoch: ledger.epoch,
    policy: ledger.policy,
    activeCount: ledger.active.size,
    waitingCount: waitingCount(ledger),
    drainedAt: ledger.drainedAt === null ? null : toDate(ledger.drainedAt),
    paused: pausedModels(ledger),
    active: () => activeJobs(ledger),
    waiting: (limit = Number.POSITIVE_INFINITY) => waitingJobs(ledger, now, limit),
  }
}

function pausedModels(ledger: Ledger): PausedModelView[] {
  return [...ledger.pauses]
    .map(({ model, reason, since, until, by }) => ({
      model,
      reason,
      since: toDate(since),
      until: until === null ? null : toDate(until),
      by,
    }))
    .sort((a, b) => (a.model < b.model ? -1 : 1))
}

function activeJobs(ledger: Ledger): ActiveJobView[] {
  const jobs = [...ledger.active].flatMap((place) => ledger.jobs.get(place) ?? [])
  return jobs
    .sort((a, b) => a.token - b.token)
    .map((job) => ({
      ...jobView(job),
      workerId: job.workerId,
      detachedUntil: job.detachedUntil === null ? null : toDate(job.detachedUntil),
      fencingToken: job.token,
      startedAt: toDate(job.startedAt),
      places: job.places,
      cancelRequested: job.cancelRequested,
    }))
}

function waitingJobs(ledger: Ledger, now: Micros, limit: number): WaitingJobView[] {
  const found: WaitingJobView[] = []
  const held = [...ledger.pauses].map(({ jobs }) => jobs)
  for (const places of [ledger.unbound, ledger.line, ...held, ledger.undue]) {
    for (const key of places) {
      if (found.length >= limit) return found
      const job = ledger.jobs.get(key)
      if (job !== undefined) found.push(waitingView(ledger, job, now))
    }
  }
  return found
}

function waitingView(ledger: Ledger, job: Job, now: Micros): WaitingJobView {
  const dueAt = job.dueAt === null ? null : toDate(job.dueAt)
  const { until, ...waiting } = waitingFor(ledger, job, now)
  return { ...jobView(job), ...waiting, until: until === null ? null : toDate(until), dueAt }
}

function jobView(job: Job): JobView {
  const { jobId, jobType, kind } = job.spec
  const { priority, queuedAt } = job
  const models = heldModels(job)
  return { jobId, jobType, kind, models, priority, queuedAt: toDate(queuedAt), ...triesOf(job) }
}

export function toDate(at: Micros): Date {
  return new Date(at / MICROS_PER_MS)
}

/** A queue as plain numbers, for your metrics. Durations in milliseconds; counts since this process joined. */
export interface QueueMetrics {
  readonly activeCount: number
  readonly waitingCount: number
  /** How long the first job in line has waited; 0 if none waits. Jobs that are not due do not count. */
  readonly oldestWaitingMs: number
  /** Jobs that may start and that no process has taken yet. */
  readonly offeredCount: number
  /** How long ago the oldest offer was made; 0 if there is none. */
  readonly oldestOfferMs: number
  /** Events that are in the log, as far as this process has heard, and that it has not folded yet. */
  readonly lagEvents: number
  /** How long ago this process last knew everything in the log. */
  readonly lagMs: number
  /**
   * What ended: jobs that `completed`, `failed` for good, were `cancelled` or `expired`, and attempts that were lost with their
   * worker (`lease_expired`). An attempt that was given back, or failed with another attempt to follow, does not count.
   */
  readonly ended: Readonly<Record<CountedEnd, number>>
  /** Jobs that became dead letters: they failed for good, lost their last attempt with its worker, or waited too long. */
  readonly died: number
}

type CountedEnd = JobOutcome | 'lease_expired'

/** Counts the events that pass. */
export class Counter {
  readonly #ended: Record<CountedEnd, number> = {
    completed: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
    lease_expired: 0,
  }

  #died = 0

  see(event: RecordedEvent): void {
    const outcome = outcomeOf(event)
    if (event.type === 'lease_expired') this.#ended.lease_expired++
    else if (outcome !== null) this.#ended[outcome]++
    if (isDeath(event)) this.#died++
  }

  get counts(): Pick<QueueMetrics, 'ended' | 'died'> {
    return { ended: { ...this.#ended }, died: this.#died }
  }
}

/** Visits every waiting job once: some 10 ms for 100,000. */
export function queueMetrics(
  ledger: Ledger,
  now: Micros,
  head: { readonly version: number; readonly reachedAt: number },
  counts: Counter['counts'],
): QueueMetrics {
  const waiting = [...ledger.line, ...ledger.unbound].map(
    (place) => ledger.jobs.get(place)?.waitingSince ?? now,
  )
  const offers = [...ledger.offered].map((place) => ledger.jobs.get(place)?.offeredAt ?? now)
  const msSince = (times: readonly Micros[]) =>
    Math.max(0, (now - times.reduce((least, time) => Math.min(least, time), now)) / MICROS_PER_MS)
  return {
    activeCount: ledger.active.size,
    waitingCount: ledger.jobs.size - ledger.active.size,
    oldestWaitingMs: msSince(waiting),
    offeredCount: ledger.offered.size,
    oldestOfferMs: msSince(offers),
    lagEvents: Math.max(0, head.version - ledger.version),
    lagMs: performance.now() - head.reachedAt,
    ...counts,
  }
}

/** The state of the machine of a queue, in XState's form, and the ledger that belongs to it. */
export interface MachineSnapshot {
  readonly value: 'idle' | 'running' | { readonly draining: 'emptying' | 'drained' }
  readonly context: { readonly ledger: Ledger }
}

/** What an inspector receives; XState's `InspectionEvent` has more fields. */
export interface MachineInspection {
  readonly type: string
}

/** Written as methods, so that the type also accepts functions that take XState's own events. */
type Inspect = { see(event: MachineInspection): void }['see'] | { next?(event: MachineInspection): void }

export interface MachineOptions {
  /** Receives every event and every state, for Stately's inspector. */
  readonly inspect?: Inspect
}

/**
 * The running machine of a queue: the `CoordinatorActor` of `interlock-queue/machine`, in types of its own. XState's declarations
 * do not compile without `skipLibCheck`, so a program gets them only if it imports that path.
 */
export interface RunningMachine {
  readonly snapshot: MachineSnapshot
  readonly ledger: Ledger
  /** Calls the listener after each change from now on. Returns the function that unsubscribes. */
  subscribe(listener: (snapshot: MachineSnapshot) => void): () => void
  stop(): void
}
