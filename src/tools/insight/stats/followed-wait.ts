import type { Micros, ReasonCode } from '../../../engine/core/index.ts'
import { causeOf, type WaitCause } from './cause.ts'
import type { Cell, Spell, Stay } from './cell.ts'

/** One wait of a job, from its coming into the queue, or back, to its start or its end; of one that began earlier, the rest. */
export interface Wait {
  readonly jobId: string
  /** When it began; earlier than `from` if nobody followed it then. */
  readonly since: Micros
  readonly from: Micros
  readonly to: Micros
  /** Whether an attempt began then; else it was cancelled, expired, or goes on. */
  readonly ended: 'started' | 'ended' | 'open'
  /** How long it waited for what, in microseconds: together `to − from` exactly. */
  readonly byCause: Readonly<Partial<Record<WaitCause, Micros>>>
  /** What it waited for, in order, each part from the end of the one before it; the last 32, where there are more. */
  readonly parts: readonly WaitPart[]
}

/** A part of a wait, for one thing. */
export interface WaitPart {
  readonly from: Micros
  readonly to: Micros
  readonly code: ReasonCode
  readonly cause: WaitCause
  /** The model and the job that it was for, where there are. */
  readonly model: string | null
  readonly blockedBy: string | null
}

/** Of a wait that is told part by part: the last ones. OpenTelemetry keeps 128 events of a span. */
export const MOST_PARTS = 32

/** Begun and over between two looks: it could start, and somebody took it. */
export const TAKEN: ReasonCode = 'offered'

/** One wait, while it goes on and after it. What it was for is worked out when somebody asks: most waits nobody asks about. */
export class FollowedWait implements Wait {
  readonly jobId: string
  readonly since: Micros
  readonly from: Micros
  to: Micros
  ended: Wait['ended'] = 'open'
  /** Since when it could start as far as time and the jobs before it are concerned; null: it cannot yet. */
  readyAt: Micros | null = null
  /** Where it stands now; null: nobody has looked yet. */
  cell: Cell | null = null
  blockedBy: string | null = null
  /** Since when it has stood there, behind that job. */
  #enteredAt: Micros
  #entered: Spell | null = null
  /** The spell in which it was over. */
  #left: Spell | null = null
  /** Where it stood before; null: nowhere. */
  #stays: Stay[] | null = null
  /** What it waited for in stays that are not kept. */
  #before: Partial<Record<WaitCause, Micros>> | null = null

  constructor(jobId: string, since: Micros, from: Micros) {
    this.jobId = jobId
    this.since = since
    this.from = from
    this.to = from
    this.#enteredAt = from
  }

  /** It stands there from now on, or from its beginning where nobody has looked yet. */
  enter(cell: Cell, blockedBy: string | null, at: Micros): void {
    if (this.cell !== null) this.#enteredAt = Math.max(at, this.#enteredAt)
    this.#entered = cell.spellAt(at)
    this.cell = cell
    this.blockedBy = blockedBy
  }

  /** Its stay is over, and another one follows. @param keep whether it is told part by part @returns how long it was */
  leave(at: Micros, keep: boolean): Micros {
    this.to = at
    const stay = this.#stay()
    if (stay === undefined) return 0
    this.#stays ??= []
    this.#stays.push(stay)
    if (this.#stays.length >= (keep ? MOST_PARTS : 1)) this.#forget(this.#stays.shift() as Stay)
    return stay.to - stay.from
  }

  /** The wait is over. @returns how long its last stay was */
  end(at: Micros, how: Wait['ended']): Micros {
    this.to = Math.max(at, this.#enteredAt)
    this.ended = how
    this.#left = this.cell?.spellAt(this.to) ?? null
    return this.to - this.#enteredAt
  }

  /** How long it waited for what: the parts come to `to − from` exactly. */
  get byCause(): Readonly<Partial<Record<WaitCause, Micros>>> {
    const sums = { ...this.#before }
    for (const stay of this.#allStays()) addTo(sums, stay)
    if (this.cell === null && this.to > this.from) sums[causeOf(TAKEN)] = this.to - this.from
    return sums
  }

  get parts(): readonly WaitPart[] {
    const parts: WaitPart[] = []
    if (this.cell === null && this.to > this.from) parts.push(partOf(TAKEN, null, null, this))
    for (const stay of this.#allStays()) addParts(parts, stay)
    return parts.slice(-MOST_PARTS)
  }

  #allStays(): readonly Stay[] {
    const last = this.#stay()
    return [...(this.#stays ?? []), ...(last === undefined ? [] : [last])]
  }

  /** Where it stands until `to`; undefined: nowhere, or no time has gone by. */
  #stay(): Stay | undefined {
    const { cell, blockedBy, to } = this
    const [from, first] = [this.#enteredAt, this.#entered]
    if (cell === null || first === null || to <= from) return undefined
    return { cell, from, to, first, last: this.#left ?? cell.spellAt(to), blockedBy }
  }

  #forget(stay: Stay): void {
    this.#before ??= {}
    addTo(this.#before, stay)
  }
}

function addTo(sums: Partial<Record<WaitCause, Micros>>, stay: Stay): void {
  stay.cell.sums(stay, (code, micros) => {
    const cause = causeOf(code)
    sums[cause] = (sums[cause] ?? 0) + micros
  })
}

function addParts(parts: WaitPart[], stay: Stay): void {
  const { cell, blockedBy } = stay
  cell.phasesOf(stay, (code, micros, from) => {
    const part = partOf(code, cell.model, blockedBy, { from, to: from + micros })
    const last = parts.at(-1)
    if (last !== undefined && isSame(last, part)) parts[parts.length - 1] = { ...last, to: part.to }
    else parts.push(part)
  })
}

const partOf = (
  code: ReasonCode,
  model: string | null,
  blockedBy: string | null,
  { from, to }: { readonly from: Micros; readonly to: Micros },
): WaitPart => ({ from, to, code, cause: causeOf(code), model, blockedBy })

const isSame = (a: WaitPart, b: WaitPart): boolean =>
  a.code === b.code && a.model === b.model && a.blockedBy === b.blockedBy && a.to === b.from
