/** A set of limited size that forgets the oldest entry, for a process that runs for months. */
export class Recent {
  readonly #most: number
  readonly #items = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#items.size
  }

  /** Adds the item as the newest. */
  add(item: string): void {
    this.#items.delete(item)
    this.#items.add(item)
    if (this.#items.size <= this.#most) return
    for (const oldest of this.#items) {
      this.#items.delete(oldest)
      return
    }
  }

  has(item: string): boolean {
    return this.#items.has(item)
  }

  delete(item: string): boolean {
    return this.#items.delete(item)
  }

  /** All items, the oldest first. */
  asSet(): ReadonlySet<string> {
    return this.#items
  }
}
