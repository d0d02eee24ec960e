import type { Observable } from 'rxjs'
import {
  type Accepted,
  type AttemptKey,
  type CommandBody,
  heldModels,
  InterlockError,
  invalidInput,
  type JobSpec,
  type JobType,
  jobOf,
  operand,
  type RecordedEvent,
  type Started,
} from '../../core/index.ts'
import { errorData, keptOf, parseJob } from '../../events/index.ts'
import { type CompleteOptions, type StartAnswer, type StartOptions, waitOf } from '../api/calls.ts'
import { toDate } from '../api/view.ts'
import { InFlight } from '../base/concurrency.ts'
import { errorText, type Logger } from '../base/logger.ts'
import { Recent } from '../base/recent.ts'
import type { Member } from '../membership/member.ts'
import type { SendOptions } from '../membership/member-api.ts'
import { type GateCall, StartRouter } from './start-router.ts'

import { giveBackOf, WaitWatch } from './wait-watch.ts'

type AskingOptions = Pick<StartOptions, 'wait' | 'signal' | 'sole' | 'serves' | 'keeps'>
/** A question to the queue, with the spec of a job, or about a live job. */
type GateQuestion = CommandBody & { readonly type: 'ask' | 'take_up' }

/** How many jobs without their own lease to remember while their end is not reported. More than this cannot be running. */
export const MOST_OUTSIDE = 100_000

/** How long a closing process tries to tell the queue what it no longer wants: the database may be away. */
const GOODBYE_MS = 3_000

/** Answers programs that hold a job and ask whether it may run: the gate of the first specification. */
export class Gate {
  readonly router: StartRouter
  readonly #member: Member
  /** Jobs without models that were let through. Ending one does nothing, and not every program reports the end. */
  readonly #bypassed = new Recent(MOST_OUTSIDE)
  /** Jobs that run under the lease of another job, which their program holds. */
  readonly #covered = new Recent(MOST_OUTSIDE)
  readonly #watch: WaitWatch
  /** Commands under way that decide what this process gets. */
  readonly #inFlight = new InFlight()
  /** Tokens of attempts that are being given back. */
  readonly #goingBack = new Set<number>()

  constructor(member: Member) {
    this.#member = member
    this.router = new StartRouter(member.starts, this)
    this.#watch = new WaitWatch(this.router, member, this.#inFlight)
    member.stopped$.subscribe((error) => this.router.end(error))
    member.leaseLost$.subscribe(() => this.router.loseAll())
  }

  /** Starts of jobs that were refused before. They are emitted only while there is a subscriber. */
  get ready$(): Observable<Started> {
    return this.router.ready$
  }

  /** An event that this process has folded. */
  see(event: RecordedEvent): void {
    this.#watch.see(event)
  }

  /** Events were skipped that this process will never see. */
  lookAgain(): void {
    this.#watch.lookAgain()
  }

  /** Repeats what failed before: asks for jobs that no live process asks for, and gives back starts that nobody here wants. */
  followUp(): void {
    this.#watch.followUp()
    for (const attempt of this.router.owners.all('line')) void this.giveBack(attempt)
  }

  async start(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    { wait = false, signal, sole, parent, serves, keeps, ...rest }: StartOptions,
  ): Promise<StartAnswer> {
    const job = parseJob({ jobId, jobType, models, ...rest }, { attempts: 1 })
    const { spec } = job
    if (parent != null) return this.#cover(spec, parent)
    const data = keptOf([job], this.#member.telemetry?.context())
    const question = (isKept: boolean): GateQuestion => ({ type: 'ask', spec, wait: isKept })
    return this.#start(spec, question, { wait, signal, sole, serves, keeps }, { data })
  }

  /** Asks whether a live job may run here, by its id. A job that has ended stays ended. */
  async takeUp(jobId: string, options: AskingOptions): Promise<StartAnswer> {
    const madeAt = performance.now()
    await this.#member.catchUp()
    const job = jobOf(this.#member.ledger, jobId)
    if (job === undefined) {
      throw new InterlockError(
        'job_not_live',
        `job ${jobId} is neither waiting nor active; see whether it was there, and how it ended: \`npx interlock-queue explain ${operand(jobId)}\``,
        { jobId },
      )
    }
    return this.#start(job.spec, (wait) => ({ type: 'take_up', jobId, wait }), options, { madeAt })
  }

  /** @param question gets whether to ask for the start on behalf of this process, if the job cannot start now */
  async #start(
    spec: JobSpec,
    question: (isKept: boolean) => GateQuestion,
    { wait = false, signal, sole = false, serves, keeps }: AskingOptions,
    sent: Pick<SendOptions, 'data' | 'madeAt'>,
  ): Promise<StartAnswer> {
    signal?.throwIfAborted()
    if (this.router.over !== undefined) throw this.router.over
    this.#member.says({ serves, keeps })
    const { jobId } = spec
    const { logger, ledger } = this.#member
    logger.info(`[COORDINATOR] Checking if job ${jobId} can start...`, { event: 'job.check', job_id: jobId })
    const wasIdle = ledger.active.size === 0
    const call = this.router.join(jobId, sole)
    try {
      const isKept = wait || this.router.isObserved
      const result = await this.#inFlight.add(this.#ask(call, question(isKept), sent))
      const mayCome = wait && result?.bypassed.includes(jobId) !== true
      const attempt = call.isAnswered || mayCome ? await this.#await(call, signal) : undefined
      // Who runs it as a worker does tells of its wait with the attempt.
      if (attempt !== undefined && !sole) this.#member.telemetry?.granted(attempt, this.#member.log.queue)
      const answer = this.#answer(jobId, attempt, result)
      tellStart(logger, spec, answer, wasIdle)
      return answer
    } finally {
      this.router.leave(call)
    }
  }

  /** Runs the job under the lease of its parent: when that is lost, both stop. */
  #cover({ jobId, models }: JobSpec, parent: AttemptKey): StartAnswer {
    const holder = this.#member.starts.attempt(parent)
    if (holder === undefined) {
      const message = `job ${parent.jobId}, the parent of job ${jobId}, does not run in this process under that lease; ask in the process that runs it, or without a parent`
      throw new InterlockError('job_not_active', message, { jobId: parent.jobId })
    }
    const running = jobOf(this.#member.ledger, parent.jobId)
    const held = running?.token === parent.fencingToken ? heldModels(running) : holder.spec.models
    const lacking = models.filter((model) => !held.includes(model))
    if (lacking.length > 0) {
      const message = `models: job ${parent.jobId}, the parent, does not have ${lacking.join(', ')}; name them in its own models, or ask without a parent`
      throw invalidInput(message, 'models')
    }
    this.#covered.add(jobId)
    this.#member.logger.info(`[COORDINATOR] Job ${jobId} runs under the lease of job ${parent.jobId}`, {
      event: 'job.covered',
      job_id: jobId,
    })
    return this.#allow(holder)
  }

  async complete(
    jobId: string,
    jobType: JobType,
    { fencingToken, outcome = 'completed', error, used }: CompleteOptions,
  ): Promise<void> {
    if (this.#bypassed.delete(jobId) || this.#covered.delete(jobId)) return
    this.router.acknowledge(jobId)
    const token = fencingToken ?? null
    const said = used === undefined ? {} : { used }
    const data = error === undefined ? [] : [{ jobId, error: errorData(error) }]
    const body: CommandBody =
      outcome === 'failed'
        ? { type: 'fail', jobId, jobType, token, code: 'handler_error', retryAt: null, ...said }
        : { type: 'complete', jobId, jobType, token, ...said }
    await this.#member.send(body, outcome === 'failed' ? { data } : {})
    const why = error === undefined ? '' : `: ${errorText(error)}`
    this.#member.logger.info(`[COORDINATOR] Job ${jobId} ended: ${outcome}${why}`, {
      event: 'job.ended',
      job_id: jobId,
      code: outcome,
      ...(error !== undefined && { error: errorText(error) }),
    })
  }

  /** Withdraws its questions and gives back starts that nobody took, while commands still go through. */
  async close(): Promise<void> {
    const closed = new InterlockError('closed', 'the coordinator was closed; the job stays in line')
    const { asked, started } = this.router.end(closed)
    for (const jobId of asked) void this.#unask(jobId)
    for (const attempt of started) void this.giveBack(attempt)
    await this.#inFlight.doneWithin(GOODBYE_MS)
  }

  /** Undefined: the question failed, but the call was answered meanwhile. */
  async #ask(
    call: GateCall,
    question: GateQuestion,
    sent: Pick<SendOptions, 'data' | 'madeAt'>,
  ): Promise<Accepted | undefined> {
    const { jobId } = call
    const wasAsked = this.router.askedAs(jobId) !== undefined
    if (question.wait) this.router.ask(jobId, this.#member.workerId)
    try {
      const result = await this.#member.send(question, { ...sent, ...this.#member.said, requester: call })
      if (jobOf(this.#member.ledger, jobId)?.active !== false) this.router.forget(jobId)
      return result
    } catch (error) {
      if (call.isAnswered) return undefined
      this.router.leave(call)
      if (!wasAsked) this.router.forget(jobId)
      throw error
    }
  }

  #await(call: GateCall, signal: AbortSignal | undefined): Promise<Started> {
    if (call.isAnswered) return call.started
    this.#watch.stand(call)
    const giveUp = () => {
      if (this.router.leave(call)) void this.#unask(call.jobId)
      call.refuse(signal?.reason)
    }
    if (signal?.aborted === true) giveUp()
    else signal?.addEventListener('abort', giveUp, { once: true })
    return call.started.finally(() => signal?.removeEventListener('abort', giveUp))
  }

  #answer(jobId: string, attempt: Started | undefined, result: Accepted | undefined): StartAnswer {
    if (attempt !== undefined) return this.#allow(attempt)
    if (result?.bypassed.includes(jobId) === true) {
      this.#bypassed.add(jobId)
      return { allowed: true, lease: null, bypassed: true }
    }
    return { allowed: false, ...waitOf(this.#member.ledger, jobId, result?.waiting[0]) }
  }

  #allow({ lease }: Started): StartAnswer {
    return { allowed: true, lease: { ...lease, expiresAt: toDate(this.#member.lease.expiresAt) } }
  }

  async #unask(jobId: string): Promise<void> {
    await this.#inFlight.add(this.#member.inBackground({ type: 'unask', jobId }))
    this.router.forget(jobId)
  }

  /**
   * Returns an attempt that nobody here wants to the line. If it fails now, the next poll tries again. Until then no process runs the
   * job.
   */
  async giveBack({ lease: { jobId, fencingToken } }: Started): Promise<void> {
    if (this.#goingBack.has(fencingToken)) return
    this.#goingBack.add(fencingToken)
    await this.#inFlight.add(this.#member.inBackground(giveBackOf(jobId, fencingToken)))
    this.#goingBack.delete(fencingToken)
  }
}

/** People search logs for these lines, so their wording does not change. */
function tellStart(
  logger: Logger,
  { jobId, jobType, kind, models }: JobSpec,
  answer: StartAnswer,
  wasIdle: boolean,
): void {
  const job = { job_id: jobId, job_type: jobType, models }
  if (!answer.allowed) {
    const { code, reason } = answer
    const why = { ...job, code, blocked_by: answer.blockedBy[0] }
    if (code === 'model_in_use')
      logger.info(`[COORDINATOR] Job ${jobId} conflict detected: ${reason}`, {
        event: 'job.conflict',
        ...why,
      })
    logger.info(`[COORDINATOR] Job ${jobId} blocked: ${reason}`, { event: 'job.blocked', ...why })
  } else if (answer.lease === null) {
    // With a kind of its own it is a plain job; without, its models were perhaps forgotten.
    const tell = kind === jobType ? logger.warn : logger.info
    tell.call(logger, `[COORDINATOR] Job ${jobId} (${jobType}) names no models: it bypasses the queue`, {
      event: 'job.bypassed',
      ...job,
    })
  } else {
    if (wasIdle)
      logger.info(`[COORDINATOR] No active job - ${jobId} can start immediately`, {
        event: 'job.immediate',
        ...job,
      })
    logger.info(`[COORDINATOR] Set active job: ${jobId} (${jobType}) - Models: [${models.join(', ')}]`, {
      event: 'job.active',
      ...job,
      fencing_token: answer.lease.fencingToken,
    })
  }
}
