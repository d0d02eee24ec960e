import {
  type Job,
  type Ledger,
  type Micros,
  modelOpensAt,
  type ReasonCode,
  rateOpensAt,
  reasonCodeOf,
} from '../../core/index.ts'
import { Cell, lineOfModel, type OnWaited } from './cell.ts'

/** All that jobs wait for now: a cell for each, gone with its last job. */
export class Cells {
  /** Whether the queue drains: then everybody waits for that. */
  drains = false
  readonly #onWaited: OnWaited
  readonly #cells = new Map<string, Cell>()
  /** Those that are the line of a model, by its name. */
  readonly #lines = new Map<string, Cell>()

  constructor(onWaited: OnWaited) {
    this.#onWaited = onWaited
  }

  /** Where a waiting job belongs. @param ledger of an open queue: draining is the same for all */
  of(ledger: Ledger, job: Job, at: Micros): Cell {
    const code = reasonCodeOf(ledger, job, at)
    const { blockedOn } = job
    if (code === 'model_in_use' || code === 'behind_in_line')
      return blockedOn === null ? this.#plain(code, null, at) : this.#lineOf(ledger, blockedOn, at)
    if (code !== 'rate_limited') return this.#plain(code, job.heldOn ?? blockedOn, at)
    return blockedOn !== null && modelOpensAt(ledger, blockedOn) > at
      ? this.#lineOf(ledger, blockedOn, at)
      : this.#rated(ledger, job, at)
  }

  isLine(cell: Cell): boolean {
    return this.#lines.get(cell.model ?? '') === cell
  }

  enter(cell: Cell, at: Micros): void {
    cell.advance(at, this.drains, this.#onWaited)
    cell.jobs++
  }

  leave(cell: Cell, at: Micros): void {
    cell.advance(at, this.drains, this.#onWaited)
    cell.jobs--
    if (cell.jobs > 0) return
    this.#cells.delete(cell.key)
    if (this.isLine(cell)) this.#lines.delete(cell.model ?? '')
  }

  /** A model was taken or given back. */
  follow(ledger: Ledger, model: string, at: Micros): void {
    const cell = this.#lines.get(model)
    cell?.advance(at, this.drains, this.#onWaited)
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
    for (const cell of this.#cells.values()) cell.advance(at, this.drains, this.#onWaited)
  }

  counts(at: Micros): ReadonlyMap<ReasonCode, number> {
    const counts = new Map<ReasonCode, number>()
    for (const cell of this.#cells.values()) {
      const code = cell.codeAt(at, this.drains)
      counts.set(code, (counts.get(code) ?? 0) + cell.jobs)
    }
    return counts
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
    const key = `${code} ${model ?? ''}`
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
    made.turnAt(opens)
    return made
  }

  #made(key: string, model: string | null, phases: readonly ReasonCode[], at: Micros): Cell {
    const cell = new Cell(key, model, phases, at)
    this.#cells.set(key, cell)
    return cell
  }
}
