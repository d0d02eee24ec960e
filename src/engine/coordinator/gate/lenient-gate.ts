import { isOutage, type JobType, jobOf } from '../../core/index.ts'
import type { CompleteOptions, StartAnswer, StartOptions } from '../api/calls.ts'
import type { WholeOptions } from '../api/options.ts'
import { SingleFlight } from '../base/concurrency.ts'
import { errorText } from '../base/logger.ts'
import { Recent } from '../base/recent.ts'
import type { Member } from '../membership/member.ts'
import { type Gate, MOST_OUTSIDE } from './gate.ts'

type RefusedStart = StartAnswer & { readonly allowed: false }
/** A start and an end of 100,000 jobs. */
const MOST_LEFT = 200_000

/** A report to the queue that could not be sent so far. */
type Note = () => Promise<unknown>

/**
 * The gate for a program that must not be stopped. Under `mode: 'observe'` it answers what it would decide, and lets every job
 * run. Under `onUnavailable: 'bypass'` it lets jobs run while the database is away. What it could not record, it records with the
 * first poll that reaches the database again.
 */
export class LenientGate {
  readonly #gate: Gate
  readonly #member: Member
  readonly #observes: boolean
  /** Jobs that run without the queue's permission. */
  readonly #outside = new Recent(MOST_OUTSIDE)
  readonly #notes: Note[] = []
  #lost = 0
  readonly #flight: SingleFlight

  constructor(gate: Gate, member: Member, { mode }: WholeOptions) {
    this.#gate = gate
    this.#member = member
    this.#observes = mode === 'observe'
    this.#flight = new SingleFlight(
      () => this.#tellNotes(),
      (error) => member.failures.note(error),
    )
  }

  async start(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    options: StartOptions,
  ): Promise<StartAnswer> {
    try {
      const asked = this.#observes ? { ...options, wait: false } : options
      const answer = await this.#gate.start(jobId, jobType, models, asked)
      return answer.allowed || !this.#observes ? answer : this.#observe(jobId, answer)
    } catch (error) {
      if (!isOutage(error)) throw error
      return this.#goWithout(jobId, jobType, error)
    }
  }

  async complete(jobId: string, jobType: JobType, options: CompleteOptions): Promise<void> {
    if (this.#outside.delete(jobId)) return this.#later(() => this.#endOutside(jobId, jobType, options))
    try {
      await this.#gate.complete(jobId, jobType, options)
    } catch (error) {
      if (!isOutage(error)) throw error
      this.#member.logger.error(
        `[COORDINATOR] Database unreachable: this process reports the end of job ${jobId} later`,
        { event: 'job.end_delayed', job_id: jobId },
      )
      this.#later(() => this.#endOutside(jobId, jobType, options))
    }
  }

  takeUp(...asked: Parameters<Gate['takeUp']>): Promise<StartAnswer> {
    return this.#gate.takeUp(...asked)
  }

  get ready$(): Gate['ready$'] {
    return this.#gate.ready$
  }

  /** Sends what is left, in order, until the database is away again. */
  catchUp(): void {
    void this.#flight.join()
  }

  /** Resolves when everything was sent, or the database is away. */
  async settle(): Promise<void> {
    await this.#flight.idle()
    if (this.#notes.length > 0) await this.#flight.join()
  }

  #observe(jobId: string, { allowed: _, ...observed }: RefusedStart): StartAnswer {
    this.#outside.add(jobId)
    this.#member.logger.info(`[COORDINATOR] Observing: job ${jobId} runs although it would wait`, {
      event: 'job.observed',
      job_id: jobId,
      code: observed.code,
      blocked_by: observed.blockedBy[0],
    })
    return { allowed: true, lease: null, bypassed: true, observed }
  }

  #goWithout(jobId: string, jobType: JobType, error: unknown): StartAnswer {
    this.#outside.add(jobId)
    this.#member.logger.error(
      `[COORDINATOR] Database unreachable, job ${jobId} (${jobType}) runs without the coordinator, beside any other job: ${errorText(error)}`,
      { event: 'job.unguarded', job_id: jobId, job_type: jobType, error: errorText(error) },
    )
    this.#later(() => this.#member.send({ type: 'bypass', jobId, jobType }))
    return { allowed: true, lease: null, bypassed: true }
  }

  /** The queue may have the job nevertheless: it stands in line, or its permission was lost on the way. */
  async #endOutside(jobId: string, jobType: JobType, options: CompleteOptions): Promise<void> {
    await this.#member.catchUp()
    const job = jobOf(this.#member.ledger, jobId)
    if (job === undefined) return
    if (!job.active) await this.#member.send({ type: 'cancel', jobId, force: false })
    else if (job.workerId === this.#member.workerId) await this.#gate.complete(jobId, jobType, options)
  }

  #later(note: Note): void {
    if (this.#notes.length < MOST_LEFT) this.#notes.push(note)
    else if (this.#lost++ === 0)
      this.#member.logger.error(
        `[COORDINATOR] The database has been away for so long that this process forgets the ends of further jobs: it keeps ${MOST_LEFT}`,
        { event: 'job.ends_dropped' },
      )
    this.catchUp()
  }

  async #tellNotes(): Promise<void> {
    for (let note = this.#notes[0]; note !== undefined; note = this.#notes[0]) {
      if (!(await this.#isDone(note()))) return
      this.#notes.shift()
    }
    this.#lost = 0
  }

  /** False while the database is away. A report that is refused for another reason is finished too. */
  async #isDone(telling: Promise<unknown>): Promise<boolean> {
    try {
      await telling
      return true
    } catch (error) {
      if (isOutage(error)) return false
      this.#member.logger.error(`[COORDINATOR] ${errorText(error)}`, {
        event: 'coordinator.failed',
        error: errorText(error),
      })
      return true
    }
  }
}
