import { errorData, parseJob, parseJobId } from '../codec/index.ts'
import {
  type Accepted,
  type DataChange,
  InterlockError,
  type JobSpec,
  type JobType,
  jobOf,
  type Lease,
  type Started,
} from '../core/index.ts'
import type { CompleteOptions, StartAnswer, StartOptions } from './api.ts'
import { Gate } from './gate.ts'
import { tellStart } from './gate-lines.ts'
import { errorText, type Member } from './member.ts'
import { toDate } from './view.ts'

type Asking = Pick<StartOptions, 'wait' | 'signal' | 'anew'>

/** Answers programs that hold a job and ask whether it may run: the gate of the first specification. */
export class GateDesk {
  readonly gate: Gate
  readonly #member: Member
  /** Jobs without models that were let through: ending one is nothing. */
  readonly #bypassed = new Set<string>()
  /** Jobs that run under the lease of another one, which their program holds. */
  readonly #covered = new Set<string>()

  constructor(member: Member) {
    this.#member = member
    this.gate = new Gate((attempt) => void this.#giveBack(attempt))
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
    const { logger, replica } = this.#member
    logger.info(`[COORDINATOR] Checking if job ${jobId} can start...`)
    const wasIdle = replica.ledger.active.size === 0
    const started = wait ? this.gate.waitFor(jobId) : undefined
    // Whoever waits is told by the call below; a refusal before that must not count as unhandled.
    started?.catch(() => {})
    const result = await this.#ask(jobId, { type: 'ask', spec, wait: wait || this.gate.isObserved }, data)
    const own = result.started.find((attempt) => attempt.lease.jobId === jobId)
    const hasToWait = result.waiting.some((other) => other.jobId === jobId)
    if (own !== undefined) this.gate.acknowledge(jobId)
    if (!hasToWait) this.gate.forget(jobId)
    if (anew && own !== undefined && !result.changed) {
      throw new InterlockError('not_holder', `job ${jobId} is active in this process already`, { jobId })
    }
    const later = own === undefined && hasToWait && started !== undefined
    const attempt = later ? await this.#await(started, jobId, signal) : own
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
      const isAsked = this.gate.hasAsked(attempt.lease.jobId)
      if (isAsked) this.gate.deliver(attempt)
      return !isAsked
    })
  }

  async #ask(
    jobId: string,
    body: Parameters<Member['send']>[0] & { readonly type: 'ask' },
    data: readonly DataChange[],
  ): Promise<Accepted> {
    if (body.wait) this.gate.ask(jobId)
    try {
      const result = await this.#member.send(body, { data })
      for (const attempt of result.started) if (attempt.lease.jobId !== jobId) this.gate.deliver(attempt)
      return result
    } catch (error) {
      this.gate.stopWaiting(jobId, error)
      throw error
    }
  }

  #await(started: Promise<Started>, jobId: string, signal: AbortSignal | undefined): Promise<Started> {
    const giveUp = () => {
      this.gate.stopWaiting(jobId, signal?.reason)
      void this.#member.inBackground({ type: 'unask', jobId })
    }
    if (signal?.aborted === true) giveUp()
    else signal?.addEventListener('abort', giveUp, { once: true })
    return started.finally(() => signal?.removeEventListener('abort', giveUp))
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

  async #giveBack({ lease: { jobId, fencingToken: token } }: Started): Promise<void> {
    await this.#member.inBackground({ type: 'release', jobId, token, reason: 'unacknowledged', runAt: null })
  }
}
