import { errorData, parseJob, parseJobId } from '../codec/index.ts'
import {
  type Accepted,
  type DataChange,
  InterlockError,
  type JobSpec,
  type JobType,
  jobOf,
  type Lease,
  type RecordedEvent,
  type Started,
} from '../core/index.ts'
import { Errands } from './errands.ts'
import { Gate } from './gate.ts'
import type { CompleteOptions, StartAnswer, StartOptions } from './gate-api.ts'
import { tellStart } from './gate-lines.ts'
import { GateWatch, releaseOf } from './gate-watch.ts'
import { errorText } from './logger.ts'
import type { Member } from './member.ts'
import { Recent } from './recent.ts'
import { toDate } from './view.ts'
import { activeHere, type Waiter } from './waiter.ts'

type Asking = Pick<StartOptions, 'wait' | 'signal' | 'anew'>

/** Jobs that run without a lease of their own and whose end was not told: more of them are not running any more. */
export const MOST_OUTSIDE = 100_000

/** How long the queue is told, when the process leaves, what it does not want any more: the database may be away. */
const GOODBYE_MS = 3_000

/** Answers programs that hold a job and ask whether it may run: the gate of the first specification. */
export class GateDesk {
  readonly gate: Gate
  readonly #member: Member
  /** Jobs without models that were let through: ending one is nothing. Not every program says when they end. */
  readonly #bypassed = new Recent(MOST_OUTSIDE)
  /** Jobs that run under the lease of another one, which their program holds. */
  readonly #covered = new Recent(MOST_OUTSIDE)
  readonly #watch: GateWatch
  /** Commands under way that decide what this process is given. */
  readonly #errands = new Errands()

  constructor(member: Member) {
    this.#member = member
    this.gate = new Gate((attempt) => void this.#giveBack(attempt))
    this.#watch = new GateWatch(this.gate, member, this.#errands)
    member.stopped$.subscribe((error) => this.gate.end(error))
  }

  /** An event that this process has folded. */
  see(event: RecordedEvent): void {
    this.#watch.see(event)
  }

  /** Events were passed over that this process will never see. */
  lookAgain(): void {
    this.#watch.lookAgain()
  }

  /** Asks anew for what is wanted here and nobody alive asks for. */
  followUp(): void {
    this.#watch.followUp()
  }

  async start(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    { wait, signal, anew, parent, ...rest }: StartOptions,
  ): Promise<StartAnswer> {
    const { spec, payload } = parseJob({ jobId, jobType, models, ...rest }, { attempts: 1 })
    if (parent != null) return this.#cover(spec, parent)
    const data = payload === undefined ? [] : [{ jobId, payload }]
    return this.#start(spec, { wait, signal, anew }, data)
  }

  /** The same for a job that is live, as it stands. */
  async takeUp(jobId: string, options: Asking): Promise<StartAnswer> {
    await this.#member.catchUp()
    const job = jobOf(this.#member.replica.ledger, jobId)
    if (job !== undefined) return this.#start(job.spec, options)
    throw new InterlockError('job_not_live', `job ${jobId} is neither waiting nor active`, { jobId })
  }

  async #start(
    spec: JobSpec,
    { wait = false, signal, anew = false }: Asking,
    data: readonly DataChange[] = [],
  ): Promise<StartAnswer> {
    const { jobId, jobType, models } = spec
    signal?.throwIfAborted()
    if (this.gate.over !== undefined) throw this.gate.over
    const { logger, replica } = this.#member
    logger.info(`[COORDINATOR] Checking if job ${jobId} can start...`)
    const wasIdle = replica.ledger.active.size === 0
    const waiter = wait ? this.gate.join(jobId, anew) : undefined
    const result = await this.#errands.add(this.#ask(spec, waiter, data))
    const own = result.started.find((attempt) => attempt.lease.jobId === jobId)
    if (anew && own !== undefined && !result.changed) throw activeHere(jobId)
    const later = own === undefined && waiter !== undefined && !result.bypassed.includes(jobId)
    const attempt = later ? await this.#await(waiter, signal) : own
    const answer = this.#answer(jobId, attempt, result)
    tellStart(logger, { jobId, jobType, models }, answer, wasIdle)
    return answer
  }

  /** Under a lease that this process has: whoever loses it stops both. */
  #cover({ jobId, models }: JobSpec, parent: Lease): StartAnswer {
    const holder = this.#member.attempt(parent)
    if (holder === undefined) {
      const message = `job ${parent.jobId}, the parent of job ${jobId}, does not run in this process under that lease; ask in the process that runs it, or without a parent`
      throw new InterlockError('job_not_active', message, { jobId: parent.jobId })
    }
    const lacking = models.filter((model) => !holder.spec.models.includes(model))
    if (lacking.length > 0) {
      const message = `models: job ${parent.jobId}, the parent, does not have ${lacking.join(', ')}; name them in its own models, or ask without a parent`
      throw new InterlockError('invalid_input', message, { path: 'models' })
    }
    this.#covered.add(jobId)
    this.#member.logger.info(`[COORDINATOR] Job ${jobId} runs under the lease of job ${parent.jobId}`)
    return {
      allowed: true,
      lease: { ...holder.lease, expiresAt: toDate(this.#member.lease.expiresAt) },
    }
  }

  async complete(
    jobId: string,
    { fencingToken, outcome = 'completed', error }: CompleteOptions,
  ): Promise<void> {
    parseJobId(jobId)
    if (this.#bypassed.delete(jobId) || this.#covered.delete(jobId)) return
    const token = fencingToken ?? null
    this.gate.acknowledge(jobId)
    const data = error === undefined ? [] : [{ jobId, error: errorData(error) }]
    const { started } =
      outcome === 'failed'
        ? await this.#member.send(
            { type: 'fail', jobId, token, code: 'handler_error', retryAt: null },
            { data },
          )
        : await this.#member.send({ type: 'complete', jobId, token })
    for (const attempt of started) this.gate.deliver(attempt)
    const why = error === undefined ? '' : `: ${errorText(error)}`
    this.#member.logger.info(`[COORDINATOR] Job ${jobId} ended: ${outcome}${why}`)
  }

  /** Of what a command started here: what its sender gets. What somebody at the gate waits for goes there. */
  sort(started: readonly Started[]): Started[] {
    return started.filter((attempt) => {
      const isAsked = this.gate.askedAs(attempt.lease.jobId) !== undefined
      if (isAsked) this.gate.deliver(attempt)
      return !isAsked
    })
  }

  /** Takes back what was asked for, and gives back what nobody has taken up, while commands still go through. */
  async close(): Promise<void> {
    const closed = new InterlockError('closed', 'the coordinator was closed; the job stays in line')
    const { asked, started } = this.gate.end(closed)
    for (const jobId of asked) void this.#unask(jobId)
    for (const attempt of started) void this.#giveBack(attempt)
    await this.#errands.done(GOODBYE_MS)
  }

  async #ask(spec: JobSpec, waiter: Waiter | undefined, data: readonly DataChange[]): Promise<Accepted> {
    const { jobId } = spec
    const wait = waiter !== undefined || this.gate.isObserved
    const wasAsked = this.gate.askedAs(jobId) !== undefined
    if (wait) this.gate.ask(jobId, this.#member.workerId)
    try {
      const result = await this.#member.send({ type: 'ask', spec, wait }, { data })
      for (const attempt of result.started) {
        if (attempt.lease.jobId === jobId) this.#take(attempt, waiter)
        else this.gate.deliver(attempt)
      }
      if (jobOf(this.#member.replica.ledger, jobId)?.active !== false) this.gate.forget(jobId)
      return result
    } catch (error) {
      if (waiter !== undefined) this.gate.leave(waiter)
      if (!wasAsked) this.gate.forget(jobId)
      throw error
    }
  }

  /** The call itself is answered with the start, and so is whoever else waits for it here. */
  #take(attempt: Started, waiter: Waiter | undefined): void {
    if (waiter !== undefined) this.gate.leave(waiter)
    this.gate.acknowledge(attempt.lease.jobId)
    this.gate.share(attempt, true)
    if (this.gate.over === undefined) return
    void this.#giveBack(attempt)
    throw this.gate.over
  }

  #await(waiter: Waiter, signal: AbortSignal | undefined): Promise<Started> {
    this.#watch.stand(waiter)
    const giveUp = () => {
      if (this.gate.leave(waiter)) void this.#unask(waiter.jobId)
      waiter.refuse(signal?.reason)
    }
    if (signal?.aborted === true) giveUp()
    else signal?.addEventListener('abort', giveUp, { once: true })
    return waiter.started.finally(() => signal?.removeEventListener('abort', giveUp))
  }

  #answer(jobId: string, attempt: Started | undefined, result: Accepted): StartAnswer {
    const { replica, lease } = this.#member
    if (attempt !== undefined) {
      return { allowed: true, lease: { ...attempt.lease, expiresAt: toDate(lease.expiresAt) } }
    }
    if (result.bypassed.includes(jobId)) {
      this.#bypassed.add(jobId)
      return { allowed: true, lease: null, bypassed: true }
    }
    const waiting = result.waiting[0]
    const job = jobOf(replica.ledger, jobId)
    return {
      allowed: false,
      reason: waiting?.reason ?? 'it was started and has ended since, or its worker lost its lease',
      code: waiting?.code ?? 'offered',
      blockedBy: waiting?.blockedBy == null ? [] : [waiting.blockedBy],
      position: job === undefined ? 0 : replica.ledger.line.rank(job.place),
    }
  }

  async #unask(jobId: string): Promise<void> {
    await this.#errands.add(this.#member.inBackground({ type: 'unask', jobId }))
    this.gate.forget(jobId)
  }

  async #giveBack({ lease: { jobId, fencingToken } }: Started): Promise<void> {
    await this.#errands.add(this.#member.inBackground(releaseOf(jobId, fencingToken)))
  }
}
