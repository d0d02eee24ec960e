import {
  capacityOf,
  type Ledger,
  type Micros,
  modelOf,
  modelOpensAt,
  type ReasonCode,
} from '../../core/index.ts'

/** One phase of a cell, from a moment until the next turn. */
export interface Turn {
  readonly at: Micros
  readonly phase: number
  /** By phase: how long it had been in it by then. */
  readonly clock: readonly Micros[]
}

/** From when to when a job stood in a cell, with the turn that the cell was in at either end. */
export interface Stay {
  readonly cell: Cell
  readonly from: Micros
  readonly to: Micros
  readonly first: Turn
  readonly last: Turn
  /** The job in the way; null: none, or nobody asked. */
  readonly blockedBy: string | null
}

/** Told how long something took, and when it began. */
export type OnPhase = (code: ReasonCode, micros: Micros, from: Micros) => void

/**
 * What some jobs wait for at the same time. They share a clock, so that an event that changes it for all of them costs the same
 * whether there are ten or a hundred thousand. The clock counts each phase by itself: a line of a model is now in use, now only
 * reserved, now over its rate. A job remembers the turn in which it came: the clock then and the clock when it leaves say what it
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
  readonly #turns: Turn[]
  readonly #mostTurns: number
  #at: Micros
  /** The phase until then, and the one after that. */
  #first = 0
  #until = Number.POSITIVE_INFINITY
  #then = 0

  /** @param mostTurns how many are kept, to tell a wait part by part */
  constructor(
    key: string,
    { model, phases, at }: { model: string | null; phases: readonly ReasonCode[]; at: Micros },
    mostTurns: number,
  ) {
    this.key = key
    this.model = model
    this.#phases = [...phases, 'draining']
    this.#spent = this.#phases.map(() => 0)
    this.#turns = [{ at, phase: 0, clock: this.#spent.slice() }]
    this.#mostTurns = mostTurns
    this.#at = at
  }

  /** Time alone puts the second phase in the place of the first. */
  turnAt(at: Micros): void {
    this.#until = at
    this.#then = 1
  }

  /** The line of a model, as it is after an event. */
  follow(ledger: Ledger, at: Micros): void {
    const model = this.model ?? ''
    const isFull = modelOf(ledger, model).holders.size >= capacityOf(ledger.policy, model)
    const opens = modelOpensAt(ledger, model)
    this.#then = isFull ? 1 : 2
    this.#first = opens > at ? 0 : this.#then
    this.#until = opens > at ? opens : Number.POSITIVE_INFINITY
  }

  codeAt(at: Micros, drains: boolean): ReasonCode {
    return this.#phases[this.#phaseAt(at, drains)] as ReasonCode
  }

  /** The turn it was in then. */
  turnOf(at: Micros): Turn {
    const last = this.#turns.length - 1
    let n = last
    while (n > 0 && (this.#turns[n] as Turn).at > at) n--
    return this.#turns[n] as Turn
  }

  /** Another job. @param since nobody has looked at it since then: it has waited for what it waits for now */
  enter(at: Micros, since: Micros, drains: boolean): void {
    this.advance(at, drains)
    const phase = this.#phaseAt(at, drains)
    this.#turn(phase, this.#at)
    this.#spent[phase] = (this.#spent[phase] ?? 0) + this.#at - since
    this.jobs++
  }

  /** Lets the clock go on. Times that lie before it change nothing. */
  advance(to: Micros, drains: boolean): void {
    const from = this.#at
    if (to <= from) return
    this.#at = to
    if (drains) return this.#spend(this.#phases.length - 1, from, to)
    const turn = Math.min(Math.max(this.#until, from), to)
    this.#spend(this.#first, from, turn)
    this.#spend(this.#then, turn, to)
  }

  /** How long all its jobs together have waited, by reason. */
  spent(onSpent: (code: ReasonCode, micros: Micros) => void): void {
    for (const [phase, code] of this.#phases.entries()) {
      const micros = this.#spent[phase] ?? 0
      if (micros > 0) onSpent(code, micros)
    }
  }

  /** How long a job waited here for what: the parts come to its stay. */
  sums({ from, to, first, last }: Stay, onPhase: (code: ReasonCode, micros: Micros) => void): void {
    for (const [phase, code] of this.#phases.entries()) {
      const micros = clockAt(last, to, phase) - clockAt(first, from, phase)
      if (micros > 0) onPhase(code, micros)
    }
  }

  /** The same in order, as far as the turns are kept: without the beginning where there were more. */
  phasesOf({ from, to, first }: Stay, onPhase: OnPhase): void {
    const isKept = (this.#turns[0] as Turn).at <= first.at
    let begun = isKept ? from : to
    let { phase } = first
    for (const turn of this.#turns) {
      if (turn.at >= to) break
      if (isKept && turn.at <= first.at) continue
      this.#tell(phase, begun, turn.at, onPhase)
      begun = turn.at
      phase = turn.phase
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
    this.#turn(phase, from)
    if (this.jobs > 0) this.#spent[phase] = (this.#spent[phase] ?? 0) + (to - from) * this.jobs
  }

  #turn(phase: number, at: Micros): void {
    const turns = this.#turns
    const last = turns.at(-1) as Turn
    if (last.phase === phase) return
    if (last.at === at) {
      turns[turns.length - 1] = { at, phase, clock: last.clock }
      return
    }
    const clock = last.clock.slice()
    clock[last.phase] = clockAt(last, at, last.phase)
    turns.push({ at, phase, clock })
    if (turns.length > this.#mostTurns) turns.shift()
  }
}

/** The line goes through these, in the order that {@link Cell.follow} counts on. */
export const lineOfModel: readonly ReasonCode[] = ['rate_limited', 'model_in_use', 'behind_in_line']

/** For the time before a turn, as if it had been so before: a job that nobody looked at counts from when it came. */
const clockAt = (turn: Turn, at: Micros, phase: number): Micros =>
  (turn.clock[phase] ?? 0) + (phase === turn.phase ? at - turn.at : 0)
