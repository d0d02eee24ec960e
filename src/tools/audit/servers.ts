import { Pattern } from './pattern.ts'

/** Which process serves which places, by what each has said last. A place is open to a process only if one that has said so serves it; as long as none names one, to all that have said nothing. */
export class AuditedServers {
  readonly #said = new Map<string, readonly Pattern[]>()

  /** @param places names and patterns */
  say(worker: string, places: readonly string[]): void {
    this.#said.set(
      worker,
      places.map((place) => new Pattern(place)),
    )
  }

  /** False if it had said nothing. */
  leave(worker: string): boolean {
    return this.#said.delete(worker)
  }

  /** Whether a process may be given a place: it serves it, or it has said nothing and another one does. */
  mayHave(worker: string, place: string): boolean {
    const own = this.#said.get(worker)
    if (own !== undefined) return own.some((pattern) => pattern.matches(place))
    return this.#isOpen() || this.#servedBy(place).length > 0
  }

  /** Whether one process serves a place of each of these lists. */
  areServed(lists: readonly (readonly string[])[]): boolean {
    const [first, ...others] = lists
    if (this.#isOpen() || first === undefined) return true
    if (others.length === 0) return first.some((place) => this.#servedBy(place).length > 0)
    return [...this.#said.keys()].some((worker) =>
      lists.every((list) => list.some((place) => this.mayHave(worker, place))),
    )
  }

  #isOpen(): boolean {
    return [...this.#said.values()].every((places) => places.length === 0)
  }

  #servedBy(place: string): readonly string[] {
    return [...this.#said].flatMap(([worker, own]) => (own.some((one) => one.matches(place)) ? [worker] : []))
  }
}
