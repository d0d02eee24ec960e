/** Items by time, the earliest first; items of the same time in the order in which they came. A binary heap. */
export class Agenda<T> {
  readonly #heap: { readonly at: number; readonly n: number; readonly item: T }[] = []
  #added = 0

  add(at: number, item: T): void {
    const heap = this.#heap
    heap.push({ at, n: this.#added++, item })
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >>> 1
      if (!this.#swapIfBefore(i, parent)) return
      i = parent
    }
  }

  next(): { readonly at: number; readonly item: T } | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return first
    heap[0] = last
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      const child = right < heap.length && this.#isBefore(right, left) ? right : left
      if (child >= heap.length || !this.#swapIfBefore(child, i)) return first
      i = child
    }
  }

  #isBefore(i: number, j: number): boolean {
    const [a, b] = [this.#heap[i], this.#heap[j]]
    if (a === undefined || b === undefined) return false
    return a.at < b.at || (a.at === b.at && a.n < b.n)
  }

  #swapIfBefore(i: number, j: number): boolean {
    if (!this.#isBefore(i, j)) return false
    const [a, b] = [this.#heap[i], this.#heap[j]]
    if (a === undefined || b === undefined) return false
    this.#heap[i] = b
    this.#heap[j] = a
    return true
  }
}
