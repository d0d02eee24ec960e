import {
  type EnqueueInput,
  errorData,
  type PolicyInput,
  parseJobs,
  parseModel,
  parseModels,
  parsePause,
  parsePolicy,
  parseResult,
  parseTime,
  parseTimeOrNull,
} from '../codec/index.ts'
import type { Claim, Lease, RequeueReason, Started } from '../core/index.ts'
import type { EndOptions, FailOptions, PauseOptions } from './api/calls.ts'
import type { Member } from './membership/member.ts'
import { AT_ONCE } from './membership/member-api.ts'

/** The writing side of a coordinator: each call is one command. */
export class Commands {
  readonly #member: Member

  constructor(member: Member) {
    this.#member = member
  }

  async enqueue(jobs: readonly EnqueueInput[]) {
    const parsed = parseJobs(jobs)
    if (parsed.length === 0) return { queued: 0, waiting: [] }
    const specs = parsed.map(({ spec }) => spec)
    const data = parsed.flatMap(({ spec: { jobId }, payload }) =>
      payload === undefined ? [] : [{ jobId, payload }],
    )
    const { waiting } = await this.#member.send({ type: 'enqueue', specs }, { data })
    return { queued: new Set(specs.map(({ jobId }) => jobId)).size, waiting }
  }

  async claim(claim: Claim): Promise<readonly Started[]> {
    return (await this.#member.send({ type: 'claim' }, { claim })).started
  }

  async complete({ jobId, fencingToken: token, epoch }: Lease, { claim, result }: EndOptions = {}) {
    const data = result === undefined ? [] : [{ jobId, result: parseResult(result) }]
    return (await this.#member.send({ type: 'complete', jobId, token, epoch }, { claim, data })).started
  }

  async fail(
    { jobId, fencingToken: token, epoch }: Lease,
    { code = 'handler_error', retryAt: when, error, claim }: FailOptions = {},
  ) {
    const data = error === undefined ? [] : [{ jobId, error: errorData(error) }]
    const retryAt = when === undefined ? AT_ONCE : parseTimeOrNull(when, 'retryAt')
    return (await this.#member.send({ type: 'fail', jobId, token, epoch, code, retryAt }, { claim, data }))
      .started
  }

  async release(
    { jobId, fencingToken: token, epoch }: Lease,
    reason: RequeueReason,
    when: Date | null = null,
    { claim, models }: { claim?: Claim | undefined; models?: readonly string[] | undefined } = {},
  ) {
    const runAt = parseTimeOrNull(when, 'runAt')
    const next = models === undefined ? {} : { models: parseModels(models) }
    return (
      await this.#member.send({ type: 'release', jobId, token, epoch, reason, runAt, ...next }, { claim })
    ).started
  }

  async detach({ jobId, fencingToken: token, epoch }: Lease, { until }: { until: Date }): Promise<void> {
    await this.#member.send({ type: 'detach', jobId, token, epoch, until: parseTime(until, 'until') })
  }

  async cancel(jobId: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    await this.#member.send({ type: 'cancel', jobId, force })
  }

  async confirmCancel({ jobId, fencingToken: token, epoch }: Lease, { claim }: { claim?: Claim } = {}) {
    return (await this.#member.send({ type: 'confirm_cancel', jobId, token, epoch }, { claim })).started
  }

  async reprioritize(jobId: string, to: { priority: number } | { before: string }): Promise<void> {
    // Of -0, which no database gives back, adding 0 makes 0.
    const place = 'before' in to ? { before: to.before } : { priority: to.priority + 0 }
    await this.#member.send({ type: 'reprioritize', jobId, ...place })
  }

  async setPolicy(policy: PolicyInput): Promise<void> {
    await this.#member.catchUp()
    await this.#member.send({ type: 'set_policy', policy: parsePolicy(policy, this.#member.ledger.policy) })
  }

  async pauseModel(model: string, options: PauseOptions): Promise<void> {
    await this.#member.send({ type: 'pause_model', model: parseModel(model), ...parsePause(options) })
  }

  async resumeModel(model: string): Promise<void> {
    await this.#member.send({ type: 'resume_model', model: parseModel(model) })
  }

  async drain(): Promise<void> {
    await this.#member.send({ type: 'drain' })
  }

  async recover(): Promise<void> {
    await this.#member.catchUp()
    const { epoch } = this.#member.ledger
    // One command detaches so many attempts at most.
    while (this.#member.ledger.epoch === epoch) await this.#member.send({ type: 'recover' })
  }

  async resume(): Promise<void> {
    await this.#member.send({ type: 'resume' })
  }
}
