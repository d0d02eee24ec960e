import {
  idlePause,
  idleResume,
  idleServes,
  idleUnits,
  idleUses,
  invalidInput,
  type JobSpec,
  modelsTwice,
  type NoEffect,
  type Policy,
} from '../core/index.ts'
import type { Member } from './membership/member.ts'

/** The names of the fields of jobs that were given. */
interface GivenModels {
  readonly models?: unknown
}

/**
 * Input of a call that would change nothing. `strict` refuses it. Without `strict`, `near-models.ts` warns about most of it, from the log;
 * this class warns about the rest.
 */
export class NoEffects {
  readonly #member: Member
  readonly #isStrict: boolean

  constructor(member: Member, isStrict: boolean) {
    this.#member = member
    this.#isStrict = isStrict
  }

  /** @param root what messages call the job @throws InterlockError `invalid_input` */
  models({ models }: GivenModels, root: string): void {
    for (const found of modelsTwice(models)) {
      const text = `${root}.models: ${found.says}`
      if (this.#isStrict) throw invalidInput(text, `${root}.models`)
      this.#warn(text, { model: found.name })
    }
  }

  /** @throws InterlockError `invalid_input` */
  async jobs(specs: readonly JobSpec[]): Promise<void> {
    if (!this.#isStrict || specs.every(({ uses }) => uses === undefined)) return
    await this.#member.catchUp()
    for (const [at, { uses }] of specs.entries())
      this.#refuse(idleUses(this.#member.ledger.policy, uses), `jobs[${at}].`)
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

  #warn(text: string, fields: { readonly model: string }): void {
    this.#member.logger.warn(`[COORDINATOR] ${text}`, { event: 'said.no_effect', ...fields })
  }
}
