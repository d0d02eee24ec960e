import { sha256, toHex, utf8 } from '../../engine/events/index.ts'
import type { ChainPage } from '../../engine/store/index.ts'
import { type BadEvent, type Mark, restore } from './bad-event.ts'

/** The hash that a chain starts from. */
export const startOf = (queue: string, from: number): Uint8Array =>
  sha256()
    .update(utf8(`interlock:${queue}:${from}`))
    .digest()

/** Goes along a chain, event by event, and computes every hash again. */
export class ChainWalk {
  bad: BadEvent | null = null
  at: number
  #hash: Uint8Array
  /** The marks whose number is after `at`, ascending. */
  readonly #marks: Mark[]

  /** @param marks known hashes, which have to lie on the chain */
  constructor(start: Uint8Array, from: number, marks: readonly Mark[] = []) {
    this.#hash = start
    this.at = from
    this.#marks = marks.toSorted((a, b) => a.seq - b.seq)
    const [early] = this.#marks
    if (early !== undefined && early.seq < from) {
      const what = `the anchor cannot be checked: event ${early.seq} is not on the chain, which goes on from event ${from}`
      this.#report(
        early.seq,
        what,
        `give an anchor of event ${from} or later, or the files with --from-archive`,
      )
    }
    this.#compare()
  }

  get head(): string {
    return toHex(this.#hash)
  }

  take({ seq, text, hash }: ChainPage['events'][number]): void {
    if (this.bad !== null) return
    if (seq !== this.at + 1) return this.missing()
    this.#hash = sha256().update(this.#hash).update(utf8(text)).digest()
    this.at = seq
    if (hash !== this.head) this.#report(seq, `event ${seq} does not match its hash: it was changed`)
    else this.#compare()
  }

  /** Stops: nothing more can be read. */
  stop(bad: BadEvent): void {
    this.bad ??= bad
  }

  /** Stops: no more events come, though the log goes on. */
  missing(): void {
    this.#report(this.at + 1, `event ${this.at + 1} of the chain is missing`)
  }

  /** @param head the last hash as the queue's row has it; null: it moved meanwhile, and cannot be compared */
  end(head: string | null): void {
    if (head !== null && head !== this.head) {
      const what = `the hash in the head of the queue is not the hash of the last event: the log ends too early, or the head was changed`
      this.#report(this.at + 1, what)
    }
    const [unmet] = this.#marks
    if (unmet !== undefined)
      this.#report(this.at + 1, `the log ends before event ${unmet.seq}, which the anchor names`)
  }

  #compare(): void {
    for (let mark = this.#marks[0]; mark?.seq === this.at; mark = this.#marks[0]) {
      if (mark.hash !== this.head) this.#report(this.at, mark.what)
      this.#marks.shift()
    }
  }

  #report(seq: number, what: string, todo = restore): void {
    this.bad ??= { seq, what, todo }
  }
}
