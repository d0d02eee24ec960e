/** What the audit looks for. Each rule is a promise that the log alone can prove or break. */
export const auditRules = [
  /** Sequence numbers are 1, 2, 3 … */
  'sequence',
  /** The time of an event comes after that of the event before it. */
  'time',
  /** A model never has more holders than places; with one place that is exclusion. */
  'capacity',
  /** A place never has two jobs (a batch counts as one), and a start says in which of its places each model is that has some: one that is not paused, and that its process serves. */
  'place',
  /** Never more active jobs than the policy allows at the time of a start. */
  'max_active',
  /** A job that runs alone runs alone. */
  'alone',
  /**
   * A job starts in a batch only by the command that began the batch, and only while that holds just what the job needs, in the places that
   * the start names: for jobs of the same kind, in the same process. One that has failed before starts by itself.
   */
  'batch',
  /** A job is not overtaken on a model once the policy keeps the model for it. */
  'order',
  /** A slot goes to the first job in line that could have used it. */
  'line_order',
  /** A job whose models were loaded goes before another one that could have started only as often, and for as long, as the policy says. */
  'passed',
  /** One live attempt per job, counted 1, 2, 3 …, no more of them than the job may have. */
  'attempt',
  /** Every event about an attempt shows the fencing token of that attempt. */
  'token',
  /** Every event fits the state of its job and of the queue. */
  'life',
  /** A job that ended comes back only when somebody names it again. */
  'revival',
  /** Of the jobs that are enqueued `once` under one id, none comes before the time of the one before it is over. */
  'once',
  /** A submission comes once: it puts a job in line, or another job stands for it. So does a row of `jobs`, as far as one append shows. */
  'intake',
  /** While a job has a key, no other one comes with it, and only such a job stands for others. */
  'dedupe',
  /** A job that needs a model which the policy does not declare comes in only if it was in the queue before. */
  'declared',
  /**
   * A schedule fires each of its due times at most once, in order: only the one that the event before has named as the next, not while it
   * is paused, and as its rule of overlap says.
   */
  'schedule',
  /** Nothing starts before it is due. */
  'not_due',
  /** Nothing starts before the jobs that it comes after have ended as it needs, and nothing fails with a job that did not fail. */
  'parents',
  /** Nothing starts that needs a paused model. */
  'paused',
  /** No window of a rate holds more starts than it allows. */
  'rate',
  /** What is used and reserved of a resource is within its limits when a job starts. What attempts use beyond what they reserved breaks none. */
  'use',
  /**
   * Where fair keys are weighed by what they have used: a start in its turn says what its key had used, and no key that had used less had a job
   * that could have been taken in its place.
   */
  'turn',
  /** No more jobs of one fair key wait or are active than the policy allows. */
  'fair_share',
  /** Nothing starts while the queue drains, and `drained` is recorded only when it is true. */
  'draining',
] as const

export type AuditRule = (typeof auditRules)[number]

/** One broken promise, and the event that broke it. */
export interface Violation {
  readonly seq: number
  readonly rule: AuditRule
  readonly jobId: string | null
  readonly model?: string
  readonly detail: string
}

/**
 * What the audit saw. `jobs` counts lives: an id that ended and was queued again counts twice. `brought`: lives that began
 * before.
 */
export interface AuditReport {
  /** `{ seq, rule, jobId, model, detail }`: each broken promise, with the event that shows it. */
  readonly violations: readonly Violation[]
  /** How many events were read; 0 proves nothing. */
  readonly events: number
  /** Lives of jobs that began in these events. */
  readonly jobs: number
  /** Lives that began before them. */
  readonly brought: number
  /** Attempts of all these jobs. */
  readonly attempts: number
  /** Lives that ended so. */
  readonly completed: number
  /** Lives that ended so, for good. */
  readonly failed: number
  /** Lives that ended so. */
  readonly cancelled: number
  /** Lives that ended so. */
  readonly expired: number
  /** Lives that had not ended. */
  readonly live: number
  /** The most jobs that ran at once. */
  readonly maxConcurrent: number
  /** Attempts that used more of a resource than they had reserved (docs/inside/conflict-rules.md#limits-of-use). */
  readonly overruns: number
}
