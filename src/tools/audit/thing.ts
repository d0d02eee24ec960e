import { ALL, type AuditedAmount, type AuditedLimit, type AuditedNeed } from './limits.ts'

/** What was used of a thing, and counts in its windows. */
export interface Used {
  readonly at: number
  readonly amount: number
  /** It was taken at the start; else it was used by the end. */
  readonly atStart: boolean
}

/** One thing of which there is a limited amount: who has how much of it, and what was used of it lately. */
export class Thing {
  #limits: readonly AuditedLimit[]
  /** Jobs and batches. */
  readonly holders = new Map<string, AuditedNeed>()
  /** How much those have together who have a number of it, and how many have all of it. */
  #sum = 0
  #alls = 0
  /** The oldest first. */
  #used: Used[] = []
  /** How many of these were used under other limits: they break none of these, but may excuse others. */
  #before = 0
  /** What these are together. */
  #total = 0

  constructor(limits: readonly AuditedLimit[]) {
    this.#limits = limits
  }

  get isLimited(): boolean {
    return this.#limits.length > 0
  }

  /** At most so much of it at once. */
  get most(): number {
    return this.#limits[0]?.most ?? Number.POSITIVE_INFINITY
  }

  /** Somebody has all of it. */
  get isWhole(): boolean {
    return this.#alls > 0
  }

  /** Who has it for two models has it once: what is asked for one of them, else all. */
  take(who: string, need: AuditedNeed): void {
    if (typeof this.holders.get(who)?.amount === 'object') return
    this.giveBack(who)
    this.holders.set(who, need)
    this.#count(need, 1)
  }

  giveBack(who: string): void {
    const need = this.holders.get(who)
    if (need === undefined) return
    this.holders.delete(who)
    this.#count(need, -1)
  }

  #count({ amount }: AuditedNeed, times: 1 | -1): void {
    if (amount === ALL) this.#alls += times
    else if (typeof amount === 'number') this.#sum += amount * times
  }

  /**
   * Whether so much of it can be had: the one question about a start, whatever it takes.
   * @param more how much counts as taken beside what others have @param at the time, where there are windows
   */
  hasRoom(amount: AuditedAmount, more = 0, at = 0): boolean {
    if (amount === ALL) return this.holders.size + more === 0
    if (this.#alls > 0) return false
    if (typeof amount === 'object') return this.shortUnit(amount) === undefined
    for (const limit of this.#limits)
      if (this.#taken(limit, at, this.#before) + more + amount > limit.most) return false
    return true
  }

  /** Whether one more could be too many, or could have been a second ago: clocks differ a little. */
  mayBeFull(at: number): boolean {
    return this.#limits.some((limit) => this.#taken(limit, at - 1e6, 0) >= limit.most)
  }

  /** @param from how many of those that used it are not counted */
  #taken({ byPlace, perSeconds, counted }: AuditedLimit, at: number, from: number): number {
    if (byPlace === true) return new Set([...this.holders].map(([who, { place }]) => place ?? who)).size
    const isAtStart = counted === 'atStart'
    let taken = isAtStart ? 0 : this.#sum
    if (perSeconds === undefined) return taken
    for (const used of this.#used.slice(from))
      if (used.atStart === isAtStart && used.at >= at - perSeconds * 1e6) taken += used.amount
    return taken
  }

  /** The first unit of a place of which so much is too much, beside what others have. */
  shortUnit(amount: AuditedAmount): string | undefined {
    const most = this.#limits[0]?.units ?? { '': 1 }
    const sums = new Map<string, number>()
    for (const part of [...[...this.holders.values()].map((need) => need.amount), amount])
      for (const [unit, n] of Object.entries(part === ALL ? most : part))
        sums.set(unit, (sums.get(unit) ?? 0) + n)
    const has = (unit: string) => (Object.hasOwn(most, unit) ? (most[unit] ?? 0) : 0)
    return [...sums].find(([unit, sum]) => sum > has(unit))?.[0]
  }

  /** Kept is what counts in the longest window, and as many of the last ones as there may be: a longer window may follow. */
  use(amount: AuditedAmount, at: number, atStart: boolean): void {
    if (typeof amount !== 'number' || amount <= 0 || !this.#limits.some(({ perSeconds }) => perSeconds))
      return
    this.#used.push({ at, amount, atStart })
    this.#total += amount
    const from = at - Math.max(...this.#limits.map(({ perSeconds = 0 }) => perSeconds * 1e6))
    const most = Math.max(...this.#limits.map((limit) => limit.most))
    let gone = 0
    for (const one of this.#used) {
      if (one.at >= from || this.#total - one.amount < most) break
      this.#total -= one.amount
      gone++
    }
    this.#used.splice(0, gone)
    this.#before = Math.max(0, this.#before - gone)
  }

  /** What was used before the log begins. */
  recall(used: readonly Used[]): void {
    this.#used = [...used]
    this.#total = used.reduce((sum, { amount }) => sum + amount, 0)
  }

  /** Other limits: what was used until now says nothing about them. */
  govern(limits: readonly AuditedLimit[]): void {
    if (limits.length === 0) this.recall([])
    if (this.#used.length === 0 || JSON.stringify(limits) !== JSON.stringify(this.#limits))
      this.#before = this.#used.length
    this.#limits = limits
  }
}
