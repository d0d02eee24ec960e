import {
  type Job,
  type Ledger,
  type Micros,
  modelOpensAt,
  type ReasonCode,
  rateOpensAt,
  reasonCodeOf,
} from '../../../engine/core/index.ts'
import { Cell, lineOfModel } from './cell.ts'

/** All that jobs wait for now: a cell for each, gone with its last job. */
export class Cells {
  /** Whether the queue drains: then everybody waits for that. */
  drains = false
  readonly #mostSpells: number
  readonly #cells = new Map<string, Cell>()
  /** Those that are the line of a model, by its name. */
  readonly #lines = new Map<string, Cell>()
  /** Waiting that was counted by cells that are gone. */
  readonly #byReason = new Map<ReasonCode, Micros>()
  readonly #byModel: Map<string, Micros> | null

  /** @param mostSpells how many each cell keeps @param sumsModels whether it sums by model too */
  constructor(mostSpells: number, sumsModels: boolean) {
    this.#mostSpells = mostSpells
    this.#byModel = sumsModels ? new Map() : null
  }

  /** Where a waiting job belongs. @param ledger of an open queue: draining is the same for all */
  of(ledger: Ledger, job: Job, at: Micros): Cell {
    const code = reasonCodeOf(ledger, job, at)
    const { blockedOn } = job
    if (code === 'model_in_use' || code === 'behind_in_line')
      return blockedOn === null ? this.#plain(code, null, at) : this.#lineOf(ledger, blockedOn, at)
    const heldOn = job.held?.as === 'use_over_limit' ? undefined : job.held?.on
    if (code !== 'rate_limited') return this.#plain(code, heldOn ?? blockedOn, at)
    // What others use of a resource decides when there is enough of it: no time does alone.
    if (rateOpensAt(ledger, job, at) === 0) return this.#plain(code, blockedOn, at)
    return blockedOn !== null && modelOpensAt(ledger, blockedOn) > at
      ? this.#lineOf(ledger, blockedOn, at)
      : this.#rated(ledger, job, at)
  }

  /** Nobody waits any more. */
  clear(): void {
    for (const cell of this.#cells.values()) this.#settle(cell)
    this.#cells.clear()
    this.#lines.clear()
  }

  isLine(cell: Cell): boolean {
    return this.#lines.get(cell.model ?? '') === cell
  }

  leave(cell: Cell, at: Micros): void {
    cell.advance(at, this.drains)
    cell.jobs--
    if (cell.jobs > 0) return
    this.#settle(cell)
    this.#cells.delete(cell.key)
    if (this.isLine(cell)) this.#lines.delete(cell.model ?? '')
  }

  /** Waiting that belongs to no cell. */
  add(code: ReasonCode, model: string | null, micros: Micros): void {
    grow(this.#byReason, code, micros)
    if (model !== null && this.#byModel !== null) grow(this.#byModel, model, micros)
  }

  /** A model was taken or given back. */
  follow(ledger: Ledger, model: string, at: Micros): void {
    const cell = this.#lines.get(model)
    cell?.advance(at, this.drains)
    cell?.follow(ledger, at)
  }

  followAll(ledger: Ledger, at: Micros): void {
    for (const model of this.#lines.keys()) this.follow(ledger, model, at)
  }

  drain(drains: boolean, at: Micros): void {
    this.spend(at)
    this.drains = drains
  }

  spend(at: Micros): void {
    for (const cell of this.#cells.values()) cell.advance(at, this.drains)
  }

  counts(at: Micros): ReadonlyMap<ReasonCode, number> {
    const counts = new Map<ReasonCode, number>()
    for (const cell of this.#cells.values()) grow(counts, cell.codeAt(at, this.drains), cell.jobs)
    return counts
  }

  get byReason(): ReadonlyMap<ReasonCode, Micros> {
    const sums = new Map(this.#byReason)
    const add = (code: ReasonCode, micros: Micros) => grow(sums, code, micros)
    for (const cell of this.#cells.values()) cell.spent(add)
    return sums
  }

  get byModel(): ReadonlyMap<string, Micros> {
    const sums = new Map(this.#byModel)
    for (const cell of this.#cells.values()) {
      const { model } = cell
      if (model !== null) cell.spent((_, micros) => grow(sums, model, micros))
    }
    return sums
  }

  /** What it has counted stays. */
  #settle(cell: Cell): void {
    cell.spent((code, micros) => this.add(code, cell.model, micros))
  }

  #lineOf(ledger: Ledger, model: string, at: Micros): Cell {
    const known = this.#lines.get(model)
    if (known !== undefined) return known
    const made = this.#made(`line ${model}`, model, lineOfModel, at)
    made.follow(ledger, at)
    this.#lines.set(model, made)
    return made
  }

  #plain(code: ReasonCode, model: string | null, at: Micros): Cell {
    const key = model === null ? code : `${code} ${model}`
    return this.#cells.get(key) ?? this.#made(key, model, [code], at)
  }

  /** Its models are free, but one of them is over its rate: when the window opens, time alone puts another reason in its place. */
  #rated(ledger: Ledger, job: Job, at: Micros): Cell {
    const opens = rateOpensAt(ledger, job, at)
    const next = reasonCodeOf(ledger, job, opens)
    const key = `rate_limited ${job.blockedOn ?? ''} ${opens} ${next}`
    const known = this.#cells.get(key)
    if (known !== undefined) return known
    const made = this.#made(key, job.blockedOn, ['rate_limited', next], at)
    made.changeAt(opens)
    return made
  }

  #made(key: string, model: string | null, phases: readonly ReasonCode[], at: Micros): Cell {
    const cell = new Cell(key, { model, phases, at }, this.#mostSpells)
    this.#cells.set(key, cell)
    return cell
  }
}

/** Adds to a sum. */
export const grow = <K>(sums: Map<K, number>, key: K, by: number): void =>
  void sums.set(key, (sums.get(key) ?? 0) + by)
