import { errorData, parseJobId, parseSpec } from '../codec/index.ts'
import { type Accepted, type JobType, jobOf, type Started } from '../core/index.ts'
import type { CompleteOptions, StartAnswer, StartOptions } from './api.ts'
import { Gate } from './gate.ts'
import { tellStart } from './gate-lines.ts'
import { errorText, type Member } from './member.ts'
import { toDate } from './view.ts'

/** Answers programs that hold a job and ask whether it may run: the gate of the first specification. */
export class GateDesk {
  readonly gate: Gate
  readonly #member: Member
  /** Jobs without models that were let through: ending one is nothing. */
  readonly #bypassed = new Set<string>()

  constructor(member: Member) {
    this.#member = member
    this.gate = new Gate((attempt) => void this.#giveBack(attempt))
  }

  async start(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    { wait = false, signal, ...rest }: StartOptions,
  ): Promise<StartAnswer> {
    const spec = parseSpec({ jobId, jobType, models, ...rest }, { attempts: 1 })
    signal?.throwIfAborted()
    const { logger, replica } = this.#member
    logger.info(`[COORDINATOR] Checking if job ${jobId} can start...`)
    const wasIdle = replica.ledger.active.size === 0
    const started = wait ? this.gate.waitFor(jobId) : undefined
    // Whoever waits is told by the call below; a refusal before that must not count as unhandled.
    started?.catch(() => {})
    const result = await this.#ask(jobId, { type: 'ask', spec, wait: wait || this.gate.isObserved })
    const own = result.started.find((attempt) => attempt.lease.jobId === jobId)
    const hasToWait = result.waiting.some((other) => other.jobId === jobId)
    if (own !== undefined) this.gate.acknowledge(jobId)
    if (!hasToWait) this.gate.forget(jobId)
    const later = own === undefined && hasToWait && started !== undefined
    const attempt = later ? await this.#await(started, jobId, signal) : own
    const answer = this.#answer(jobId, attempt, result)
    tellStart(logger, { jobId, jobType, models: spec.models }, answer, wasIdle)
    return answer
  }

  async complete(
    jobId: string,
    { fencingToken, outcome = 'completed', error }: CompleteOptions,
  ): Promise<void> {
    parseJobId(jobId)
    if (this.#bypassed.delete(jobId)) return
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
  ): Promise<Accepted> {
    if (body.wait) this.gate.ask(jobId)
    try {
      const result = await this.#member.send(body)
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
