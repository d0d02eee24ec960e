import type { Policy } from '../../engine/core/index.ts'
import { ALL, type AuditedNeed, limitsOf, type Sort } from './limits.ts'
import { Thing } from './thing.ts'

type Amounts = Readonly<Record<string, number>>

/** Keys come and go without number. */
const fleeting: ReadonlySet<Sort> = new Set(['share', 'tier'])
/** A batch takes these once for all its jobs. */
const common: ReadonlySet<Sort> = new Set(['model', 'place', 'slot'])
export const isCommon = ({ sort }: AuditedNeed): boolean => common.has(sort)

/** Whether there is ever as much, even if nobody else had any. */
export const isEverRoom = (policy: Policy, { sort, name, amount }: AuditedNeed): boolean =>
  amount === ALL || new Thing(limitsOf[sort](policy, name)).hasRoom(amount)

/** All things of which there is a limited amount, and who has them. */
export class Stock {
  #policy: Policy
  readonly #things = new Map<Sort, Map<string, Thing>>()

  constructor(policy: Policy) {
    this.#policy = policy
  }

  get policy(): Policy {
    return this.#policy
  }

  of(sort: Sort, name: string): Thing {
    const known = this.#things.get(sort)?.get(name)
    if (known !== undefined) return known
    const made = new Thing(limitsOf[sort](this.#policy, name))
    if (!fleeting.has(sort)) this.#know(sort, name, made)
    return made
  }

  #know(sort: Sort, name: string, thing: Thing): void {
    const known = this.#things.get(sort)
    if (known === undefined) this.#things.set(sort, new Map([[name, thing]]))
    else known.set(name, thing)
  }

  hasRoom(need: AuditedNeed, more = 0, at = 0): boolean {
    return this.of(need.sort, need.name).hasRoom(need.amount, more, at)
  }

  take(who: string, needs: Iterable<AuditedNeed>): void {
    for (const need of needs) {
      const thing = this.of(need.sort, need.name)
      if (fleeting.has(need.sort)) this.#know(need.sort, need.name, thing)
      thing.take(who, need)
    }
  }

  /** A start uses these: it counts in windows from now on. */
  use(needs: Iterable<AuditedNeed>, at: number): void {
    for (const need of needs)
      if (need.sort === 'rate' || need.sort === 'use')
        this.of(need.sort, need.name).use(need.amount, at, true)
  }

  /**
   * What its attempt has used counts from its end on.
   * @param asked what it had reserved @param used what it says; of what it does not say, it used as much as it had reserved
   * @returns whether it has used more of something than it had reserved
   */
  settle(asked: Amounts, used: Amounts, at: number): boolean {
    let isOver = false
    for (const name of new Set([...Object.keys(asked), ...Object.keys(used)])) {
      const ask = Object.hasOwn(asked, name) ? (asked[name] ?? 0) : 0
      const amount = Object.hasOwn(used, name) ? (used[name] ?? ask) : ask
      isOver ||= amount > ask
      const thing = this.of('use', name)
      thing.use(amount, at, false)
      thing.use(amount - ask, at, true)
    }
    return isOver
  }

  giveBack(who: string, needs: Iterable<AuditedNeed>): void {
    for (const need of needs) {
      const thing = this.of(need.sort, need.name)
      thing.giveBack(who)
      if (fleeting.has(need.sort) && thing.holders.size === 0) this.#things.get(need.sort)?.delete(need.name)
    }
  }

  /** Other rules hold from now on. */
  govern(policy: Policy): void {
    this.#policy = policy
    for (const [sort, things] of this.#things)
      for (const [name, thing] of things) thing.govern(limitsOf[sort](policy, name))
  }
}
