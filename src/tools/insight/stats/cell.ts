import {
  isTaken,
  type Ledger,
  type Micros,
  modelOpensAt,
  type ReasonCode,
} from '../../../engine/core/index.ts'

/** One phase of a cell, from a moment until the next one. */
export interface Spell {
  readonly at: Micros
  readonly phase: number
  /** By phase: how long it had been in it by then. */
  readonly clock: readonly Micros[]
}

/** From when to when a job stood in a cell, with the spell that the cell was in at either end. */
export interface Stay {
  readonly cell: Cell
  readonly from: Micros
  readonly to: Micros
  readonly first: Spell
  readonly last: Spell
  /** The job in the way; null: none, or nobody asked. */
  readonly blockedBy: string | null
}

/** Told how long something took, and when it began. */
export type OnPhase = (code: ReasonCode, micros: Micros, from: Micros) => void

/**
 * What some jobs wait for at the same time. They share a clock, so that an event that changes it for all of them costs the same
 * whether there are ten or a hundred thousand. The clock counts each phase by itself: a line of a model is now in use, now only
 * reserved, now over its rate. A job remembers the spell in which it came: the clock then and the clock when it leaves say what it
 * has waited for.
 */
export class Cell {
  readonly key: string
  readonly model: string | null
  jobs = 0
  /** The reasons it goes through; the last one holds while the queue drains. */
  readonly #phases: readonly ReasonCode[]
  /** By phase: how long all its jobs together have waited for it. */
  readonly #spent: Micros[]
  /** The last ones, the present one at the end. */
  readonly #spells: Spell[]
  readonly #mostSpells: number
  #at: Micros
  /** The phase until then, and the one after that. */
  #first = 0
  #until = Number.POSITIVE_INFINITY
  #then = 0

  /** @param mostSpells how many are kept, to tell a wait part by part */
  constructor(
    key: string,
    { model, phases, at }: { model: string | null; phases: readonly ReasonCode[]; at: Micros },
    mostSpells: number,
  ) {
    this.key = key
    this.model = model
    this.#phases = [...phases, 'draining']
    this.#spent = this.#phases.map(() => 0)
    this.#spells = [{ at, phase: 0, clock: this.#spent.slice() }]
    this.#mostSpells = mostSpells
    this.#at = at
  }

  /** Time alone puts the second phase in the place of the first. */
  changeAt(at: Micros): void {
    this.#until = at
    this.#then = 1
  }

  /** The line of a model, as it is after an event. */
  follow(ledger: Ledger, at: Micros): void {
    const model = this.model ?? ''
    const isFull = isTaken(ledger, model)
    const opens = modelOpensAt(ledger, model)
    this.#then = isFull ? 1 : 2
    this.#first = opens > at ? 0 : this.#then
    this.#until = opens > at ? opens : Number.POSITIVE_INFINITY
  }

  codeAt(at: Micros, drains: boolean): ReasonCode {
    return this.#phases[this.#phaseAt(at, drains)] as ReasonCode
  }

  /** The spell it was in then. */
  spellAt(at: Micros): Spell {
    const last = this.#spells.length - 1
    let n = last
    while (n > 0 && (this.#spells[n] as Spell).at > at) n--
    return this.#spells[n] as Spell
  }

  /** Another job. @param since nobody has looked at it since then: it has waited for what it waits for now */
  enter(at: Micros, since: Micros, drains: boolean): void {
    this.advance(at, drains)
    const phase = this.#phaseAt(at, drains)
    this.#begin(phase, this.#at)
    this.#spent[phase] = (this.#spent[phase] ?? 0) + this.#at - since
    this.jobs++
  }

  /** Lets the clock go on. Times that lie before it change nothing. */
  advance(to: Micros, drains: boolean): void {
    const from = this.#at
    if (to <= from) return
    this.#at = to
    if (drains) return this.#spend(this.#phases.length - 1, from, to)
    const change = Math.min(Math.max(this.#until, from), to)
    this.#spend(this.#first, from, change)
    this.#spend(this.#then, change, to)
  }

  /** How long all its jobs together have waited, by reason. */
  spent(onSpent: (code: ReasonCode, micros: Micros) => void): void {
    const spent = this.#spent
    // A scrape asks all cells, ten thousand perhaps: no iterators.
    for (let phase = 0; phase < spent.length; phase++) {
      const micros = spent[phase] ?? 0
      if (micros > 0) onSpent(this.#phases[phase] as ReasonCode, micros)
    }
  }

  /** How long a job waited here for what: the parts come to its stay. */
  sums({ from, to, first, last }: Stay, onPhase: (code: ReasonCode, micros: Micros) => void): void {
    for (const [phase, code] of this.#phases.entries()) {
      const micros = clockAt(last, to, phase) - clockAt(first, from, phase)
      if (micros > 0) onPhase(code, micros)
    }
  }

  /** What a job waited for here, in order, as far as the spells are kept: without the beginning where there were more. */
  phasesOf({ from, to, first }: Stay, onPhase: OnPhase): void {
    const isKept = (this.#spells[0] as Spell).at <= first.at
    let begun = isKept ? from : to
    let { phase } = first
    for (const spell of this.#spells) {
      if (spell.at >= to) break
      if (isKept && spell.at <= first.at) continue
      this.#tell(phase, begun, spell.at, onPhase)
      begun = spell.at
      phase = spell.phase
    }
    this.#tell(phase, begun, to, onPhase)
  }

  #tell(phase: number, from: Micros, to: Micros, onPhase: OnPhase): void {
    if (to > from) onPhase(this.#phases[phase] as ReasonCode, to - from, from)
  }

  #phaseAt(at: Micros, drains: boolean): number {
    if (drains) return this.#phases.length - 1
    return at < this.#until ? this.#first : this.#then
  }

  #spend(phase: number, from: Micros, to: Micros): void {
    if (to <= from) return
    this.#begin(phase, from)
    if (this.jobs > 0) this.#spent[phase] = (this.#spent[phase] ?? 0) + (to - from) * this.jobs
  }

  #begin(phase: number, at: Micros): void {
    const spells = this.#spells
    const last = spells.at(-1) as Spell
    if (last.phase === phase) return
    if (last.at === at) {
      spells[spells.length - 1] = { at, phase, clock: last.clock }
      return
    }
    const clock = last.clock.slice()
    clock[last.phase] = clockAt(last, at, last.phase)
    spells.push({ at, phase, clock })
    if (spells.length > this.#mostSpells) spells.shift()
  }
}

/** The line goes through these, in the order that {@link Cell.follow} counts on. */
export const lineOfModel: readonly ReasonCode[] = ['rate_limited', 'model_in_use', 'behind_in_line']

/** For the time before a spell, as if it had been so before: a job that nobody looked at counts from when it came. */
const clockAt = (spell: Spell, at: Micros, phase: number): Micros =>
  (spell.clock[phase] ?? 0) + (phase === spell.phase ? at - spell.at : 0)
