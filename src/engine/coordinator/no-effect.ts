import {
  idlePause,
  idleResume,
  idleServes,
  idleUnits,
  idleUses,
  invalidInput,
  modelsTwice,
  type NoEffect,
  type Policy,
  type Uses,
} from '../core/index.ts'
import type { Member } from './membership/member.ts'

/** What a job says. */
interface JobSaying {
  readonly jobId?: string | undefined
  readonly models?: unknown
  readonly uses?: Uses | null | undefined
}

/**
 * Input of a call that would change nothing. `strict` refuses it. Without `strict`, `near-models.ts` warns about most of it, from the log;
 * this class warns about the rest, once each (`slips.ts`).
 */
export class NoEffects {
  readonly #member: Member
  readonly #isStrict: boolean

  constructor(member: Member, isStrict: boolean) {
    this.#member = member
    this.#isStrict = isStrict
  }

  /**
   * @param root what a refusal calls each of them
   * @returns undefined if the policy need not be asked: a call that can go on at once does, before a `close` that comes after it
   * @throws InterlockError `invalid_input`
   */
  jobs(given: readonly (JobSaying | undefined)[], root: (at: number) => string): Promise<void> | undefined {
    for (const [at, job] of given.entries())
      this.#tell(
        modelsTwice(job?.models),
        root(at),
        job?.jobId === undefined ? 'A job: ' : `Job ${job.jobId}: `,
      )
    const isAsked = this.#isStrict && given.some((job) => job?.uses != null)
    return isAsked ? this.#uses(given, root) : undefined
  }

  async #uses(given: readonly (JobSaying | undefined)[], root: (at: number) => string): Promise<void> {
    await this.#member.catchUp()
    for (const [at, job] of given.entries())
      this.#refuse(idleUses(this.#member.ledger.policy, job?.uses ?? {}), root(at))
  }

  /** @throws InterlockError `invalid_input` */
  policy(policy: Policy): void {
    if (this.#isStrict) this.#refuse(idleUnits(policy), 'policy.')
  }

  /** @throws InterlockError `invalid_input` */
  async pause(model: string): Promise<void> {
    if (!this.#isStrict) return
    await this.#member.catchUp()
    this.#refuse(idlePause(this.#member.ledger, model), '')
  }

  /** @throws InterlockError `invalid_input` */
  async resume(model: string): Promise<void> {
    await this.#member.catchUp()
    const found = idleResume(this.#member.ledger, model)
    if (this.#isStrict) this.#refuse(found, '')
    for (const { says } of found) this.#warn(`The model ${says}`, { model })
  }

  /** @throws InterlockError `invalid_input` */
  serves(serves: readonly string[] | undefined): void {
    if (this.#isStrict && serves !== undefined)
      this.#refuse(idleServes(this.#member.ledger.policy, serves), '')
  }

  #refuse(found: readonly NoEffect[], root: string): void {
    const [first] = found
    if (first === undefined) return
    const path = `${root}${first.path}`
    throw invalidInput(`${path}: ${first.says}; correct the name, or ask without strict`, path)
  }

  #tell(found: readonly NoEffect[], root: string, who: string): void {
    if (this.#isStrict) this.#refuse(found, root)
    this.#member.slips.tell(found, who)
  }

  #warn(text: string, fields: { readonly model: string }): void {
    this.#member.logger.warn(`[COORDINATOR] ${text}`, { event: 'said.no_effect', ...fields })
  }
}
