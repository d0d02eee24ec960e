import type { Command, CommandResult, Decision, Ledger } from '../../core/index.ts'
import type { HandedIn, Handled, HandledByAppend } from '../../port/index.ts'
import type { OpenCommands, Pending } from './open-commands.ts'
import { concernOf, type Finished, handledOf } from './told.ts'

/** The commands of other processes that the one that decides for all has in hand. */
export class InHand {
  readonly #onTaken: (commands: readonly Pending[]) => void
  /** By id: not in the log yet, and may need an append. */
  readonly #held = new Map<string, HandedIn>()
  /** They need no append any more, and their senders do not know that yet. */
  #settled: Finished[] = []

  /** @param onTaken these commands are to be carried out */
  constructor(onTaken: (commands: readonly Pending[]) => void) {
    this.#onTaken = onTaken
  }

  /** A command that is handed in again while it is in hand is answered once. @param own those of this process, which it has anyhow */
  take(handed: readonly HandedIn[], own?: OpenCommands): void {
    const others: HandedIn[] = []
    for (const one of handed) {
      const { id } = one.command
      if (own?.has(id) === true) this.#settled.push({ one })
      else if (!this.#held.has(id)) others.push(one)
      // It was told, and was handed in after that: so it has to be deleted.
      else if (one.isTold !== true) this.#held.set(id, one)
    }
    for (const one of others) this.#held.set(one.command.id, one)
    if (others.length > 0) this.#onTaken(others.map((one) => this.#pendingOf(one)))
  }

  /** The commands that an append of this decision finishes. @param before the ledger that it was made on */
  handledBy(open: OpenCommands, decision: Decision, before: Ledger): HandledByAppend {
    const commands = open.commands()
    const carried = commands.flatMap(({ id }, i): Finished[] => {
      const one = this.#held.get(id)
      return one === undefined ? [] : [{ one, result: decision.results[i] }]
    })
    return { ...handledOf([...carried, ...this.#settled]), concern: concernOf(decision, commands, before) }
  }

  /** The append with {@link handledBy} was carried out. @returns the senders of its commands */
  carried(commands: readonly Command[]): ReadonlySet<string> {
    const senders = new Set<string>()
    for (const { id } of commands) {
      const one = this.#held.get(id)
      if (one !== undefined) senders.add(one.sender)
      this.#held.delete(id)
    }
    this.#settled = []
    return senders
  }

  /** Those that need no append any more; their senders read the log. */
  takeSettled(): Handled {
    const settled = this.#settled
    this.#settled = []
    const { done, senders } = handledOf(settled.map(({ one }) => ({ one })))
    return { done, senders }
  }

  #pendingOf({ command, data }: HandedIn): Pending {
    const settle = (result?: CommandResult) => {
      const one = this.#held.get(command.id)
      if (one === undefined) return
      this.#held.delete(command.id)
      this.#settled.push({ one, result })
    }
    const weight = data === undefined ? 0 : JSON.stringify(data).length
    return { command, weight, resolve: settle, reject: () => settle(), ...(data && { data }) }
  }
}
