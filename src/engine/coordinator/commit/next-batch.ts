import type { Appender } from './appender.ts'
import type { DecidedAppend } from './decider.ts'
import type { OpenCommands } from './open-commands.ts'
import type { Pending } from './pending.ts'

export interface NextBatchOptions {
  readonly appender: Pick<Appender, 'isUnderWay' | 'makeAhead' | 'sendAhead'>
  /** The commands that wait, the first ones first. */
  readonly pending: Pending[]
  /** They may be taken now. */
  readonly mayTake: () => boolean
  readonly take: () => OpenCommands
  /** Something comes before the next append. */
  readonly isHeld: () => boolean
}

/** Fewer are decided in no time. */
const FEW = 8
/** So many are sent at once although others have come since they were decided; fewer are decided once more, with those. */
const MANY = 32

/**
 * The batch after the one whose append is under way: decided on what that will have come to, and sent in the tick of its answer, so that the
 * process decides while the database writes. Ledgers never change, so nothing has to be undone: after a refusal, or if nobody knows, the
 * process has another ledger, and the batch waits and is decided again. Nobody hears of it before.
 */
export class NextBatch {
  readonly #options: NextBatchOptions
  #next: { readonly open: OpenCommands; readonly made: DecidedAppend } | undefined
  #sent: OpenCommands | undefined
  #isLooking = false

  constructor(options: NextBatchOptions) {
    this.#options = options
  }

  /** More commands wait. Those of one turn of the event loop are decided together. */
  look(): void {
    if (this.#isLooking || this.#options.pending.length < FEW) return
    this.#isLooking = true
    setImmediate(() => {
      this.#isLooking = false
      this.#decide()
    })
  }

  /** Decides those that wait; with those decided before when as many have come again. */
  #decide(): void {
    const { appender, pending, mayTake, take, isHeld } = this.#options
    const least = Math.max(FEW, this.#next?.open.size ?? 0)
    if (pending.length < least || !appender.isUnderWay || isHeld() || !mayTake()) return
    this.giveBack()
    const open = take()
    const made = appender.makeAhead(open)
    if (made === undefined) this.#giveBack(open)
    else this.#next = { open, made }
  }

  /** The append under way is in the log, and folded. */
  send(): void {
    const { appender, pending, isHeld } = this.#options
    const next = this.#next
    if (next === undefined || isHeld()) return
    if (pending.length > 0 && next.open.size < MANY) return
    if (!appender.sendAhead(next.open, next.made)) return
    this.#next = undefined
    this.#sent = next.open
  }

  get isSent(): boolean {
    return this.#sent !== undefined
  }

  /** The batch that was sent: its turn has come. */
  taken(): OpenCommands | undefined {
    const sent = this.#sent
    this.#sent = undefined
    return sent
  }

  /** What was decided and not sent waits again. */
  giveBack(): void {
    if (this.#next !== undefined) this.#giveBack(this.#next.open)
    this.#next = undefined
  }

  #giveBack(open: OpenCommands): void {
    this.#options.pending.unshift(...open.putOff())
    open.close()
  }
}
