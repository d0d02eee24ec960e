import {
  attemptsOf,
  type Job,
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  type Policy,
  statusOf,
  type Waiting,
  waitingCount,
  waitingFor,
} from '../../core/index.ts'

/** A live job, for people and programs. */
export interface JobView {
  readonly jobId: string
  readonly jobType: Job['spec']['jobType']
  readonly kind: string
  readonly models: readonly string[]
  readonly priority: number
  readonly queuedAt: Date
  /** How many attempts were started, and how many there may be: those given back cost nothing, so they count in both. */
  readonly attempt: number
  readonly attempts: number
}

export interface ActiveJobView extends JobView {
  /** Null for a detached attempt. */
  readonly workerId: string | null
  /** Of a detached attempt: until when it keeps its models. */
  readonly detachedUntil: Date | null
  readonly fencingToken: number
  readonly startedAt: Date
  readonly cancelRequested: boolean
}

export interface WaitingJobView extends JobView, Omit<Waiting, 'until'> {
  /** When time alone ends the reason; null: something has to happen, or nobody knows when. */
  readonly until: Date | null
  readonly dueAt: Date | null
}

/** A model from which nothing starts: why, since when, until when (null: until it is resumed), and by which process. */
export interface PausedModelView {
  readonly model: string
  readonly reason: string
  readonly since: Date
  readonly until: Date | null
  readonly by: string | null
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
  /** Models from which nothing starts. */
  readonly paused: readonly PausedModelView[]
  readonly drainedAt: Date | null
  /** Active jobs, oldest start first. */
  active(): readonly ActiveJobView[]
  /** Waiting jobs in line order, then those that are held by a pause, then those that are not due; at most `limit`. */
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
  const { jobId, jobType, kind, models } = job.spec
  const { priority, attempt } = job
  const attempts = attemptsOf(job)
  return { jobId, jobType, kind, models, priority, queuedAt: toDate(job.queuedAt), attempt, attempts }
}

export function toDate(at: Micros): Date {
  return new Date(at / MICROS_PER_MS)
}
