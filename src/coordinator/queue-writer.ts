import {
  type EnqueueInput,
  errorData,
  type PolicyInput,
  parseFailureCode,
  parseJobId,
  parseJobs,
  parseModel,
  parseModels,
  parseMove,
  parseNote,
  parsePause,
  parsePolicy,
  parseRequeueReason,
  parseResult,
  parseTime,
  parseTimeOrNull,
} from '../codec/index.ts'
import type { Accepted, Claim, CommandBody, Lease, RequeueReason, Started } from '../core/index.ts'
import type { DeadJob, JobData } from '../port/index.ts'
import type {
  Coordinator,
  DeadChoice,
  EndOptions,
  FailOptions,
  NoteOptions,
  PauseOptions,
} from './api/coordinator.ts'
import { type DeadLetters, dropDead, listDead, retryDead } from './dead-letters.ts'
import { takeIn } from './inbox/row-intake.ts'
import { AT_ONCE, type SendOptions } from './membership/member-api.ts'
import { QueueReader } from './queue-reader.ts'

/** The writing side of a coordinator: one command each, and what is kept of jobs beside the log. */
export abstract class QueueWriter extends QueueReader {
  /** Sends one command; what it starts for whoever waits at the gate here goes there. */
  protected abstract send(body: CommandBody, options?: SendOptions): Promise<Accepted>

  async enqueue(jobs: readonly EnqueueInput[]) {
    const parsed = parseJobs(jobs)
    if (parsed.length === 0) return { queued: 0, waiting: [] }
    const specs = parsed.map(({ spec }) => spec)
    const data = parsed.flatMap(({ spec: { jobId }, payload }) =>
      payload === undefined ? [] : [{ jobId, payload }],
    )
    const { waiting } = await this.send({ type: 'enqueue', specs }, { data })
    return { queued: new Set(specs.map(({ jobId }) => jobId)).size, waiting }
  }

  async claim(claim: Claim): Promise<readonly Started[]> {
    return (await this.send({ type: 'claim' }, { claim })).started
  }

  async complete({ jobId, fencingToken: token, epoch }: Lease, { claim, result }: EndOptions = {}) {
    const data = result === undefined ? [] : [{ jobId, result: parseResult(result) }]
    return (await this.send({ type: 'complete', jobId, token, epoch }, { claim, data })).started
  }

  async fail(
    { jobId, fencingToken: token, epoch }: Lease,
    { code: why = 'handler_error', retryAt: when, error, claim }: FailOptions = {},
  ) {
    const data = error === undefined ? [] : [{ jobId, error: errorData(error) }]
    const code = parseFailureCode(why)
    const retryAt = when === undefined ? AT_ONCE : parseTimeOrNull(when, 'retryAt')
    return (await this.send({ type: 'fail', jobId, token, epoch, code, retryAt }, { claim, data })).started
  }

  async release(
    { jobId, fencingToken: token, epoch }: Lease,
    why: RequeueReason,
    when: Date | null = null,
    { claim, models }: { claim?: Claim | undefined; models?: readonly string[] | undefined } = {},
  ) {
    const reason = parseRequeueReason(why)
    const runAt = parseTimeOrNull(when, 'runAt')
    const anew = models === undefined ? {} : { models: parseModels(models) }
    return (await this.send({ type: 'release', jobId, token, epoch, reason, runAt, ...anew }, { claim }))
      .started
  }

  async detach({ jobId, fencingToken: token, epoch }: Lease, { until }: { until: Date }): Promise<void> {
    await this.send({ type: 'detach', jobId, token, epoch, until: parseTime(until, 'until') })
  }

  async cancel(jobId: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    await this.send({ type: 'cancel', jobId: parseJobId(jobId), force })
  }

  async confirmCancel({ jobId, fencingToken: token, epoch }: Lease, { claim }: { claim?: Claim } = {}) {
    return (await this.send({ type: 'confirm_cancel', jobId, token, epoch }, { claim })).started
  }

  async reprioritize(jobId: string, to: { priority: number } | { before: string }): Promise<void> {
    await this.send({ type: 'reprioritize', jobId: parseJobId(jobId), ...parseMove(to) })
  }

  async setPolicy(policy: PolicyInput): Promise<void> {
    await this.catchUp()
    await this.send({ type: 'set_policy', policy: parsePolicy(policy, this.member.replica.ledger.policy) })
  }

  async pauseModel(model: string, options: PauseOptions): Promise<void> {
    await this.send({ type: 'pause_model', model: parseModel(model), ...parsePause(options) })
  }

  async resumeModel(model: string): Promise<void> {
    await this.send({ type: 'resume_model', model: parseModel(model) })
  }

  async drain(): Promise<void> {
    await this.send({ type: 'drain' })
  }

  async recover(): Promise<void> {
    await this.catchUp()
    const { epoch } = this.member.replica.ledger
    // One command detaches so many attempts at most.
    while (this.member.replica.ledger.epoch === epoch) await this.send({ type: 'recover' })
  }

  async resume(): Promise<void> {
    await this.send({ type: 'resume' })
  }

  heartbeat(lease: Lease): Promise<boolean> {
    return this.member.holds(lease)
  }

  data(jobIds: readonly string[]): Promise<readonly JobData[]> {
    return this.options.store.data(this.queue, jobIds)
  }

  async dataOf(lease: Lease): Promise<JobData | undefined> {
    return this.member.inHand.take(lease)
  }

  async note({ jobId, fencingToken: token }: Lease, note: NoteOptions): Promise<boolean> {
    return this.options.store.note(this.queue, { jobId, token, ...parseNote(note) })
  }

  forget(jobIds: readonly string[]): Promise<void> {
    return this.options.store.forget(this.queue, jobIds)
  }

  dead(filter: Parameters<Coordinator['dead']>[0] = {}): Promise<readonly DeadJob[]> {
    return listDead(this.#letters, filter)
  }

  retryDead({ all: _, ...filter }: DeadChoice): Promise<number> {
    return retryDead(this.#letters, filter)
  }

  dropDead({ all: _, ...filter }: DeadChoice): Promise<number> {
    return dropDead(this.#letters, filter)
  }

  async takeIn({ max }: { readonly max: number }): Promise<number> {
    const { store } = this.options
    const intake = { store, queue: this.queue, send: (body: CommandBody) => this.send(body) }
    return takeIn(intake, max)
  }

  get #letters(): DeadLetters {
    const { store, queue } = this.options
    return { store, queue, send: (body, options) => this.send(body, options) }
  }
}
