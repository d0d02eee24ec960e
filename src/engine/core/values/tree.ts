import {
  type Compare,
  grow,
  insertInto,
  itemsOf,
  lowerBound,
  Node,
  type Owner,
  own,
  upperBound,
  WIDTH,
  without,
} from './tree-node.ts'

export class Tree<T extends K, K = T> implements Iterable<T> {
  readonly #compare: Compare<K>
  readonly #owner: Owner | null
  #root: Node<T>

  private constructor(compare: Compare<K>, owner: Owner | null, root: Node<T>) {
    this.#compare = compare
    this.#owner = owner
    this.#root = root
  }

  /** The empty set in this order. Shared: the first change makes a new one. */
  static empty<T extends K, K = T>(compare: Compare<K>): Tree<T, K> {
    return new Tree<T, K>(compare, null, new Node<T>(null, 0, [], null))
  }

  /** The empty set in the order of this one. */
  empty(): Tree<T, K> {
    return new Tree<T, K>(this.#compare, null, new Node<T>(null, 0, [], null))
  }

  get size(): number {
    return this.#root.size
  }

  /** The item that compares equal to `probe`. O(log n), like everything below. */
  get(probe: K): T | undefined {
    let node = this.#root
    for (;;) {
      const i = lowerBound(node.items, probe, this.#compare)
      if (i === node.items.length) return undefined
      if (node.children === null) {
        const found = node.items[i] as T
        return this.#compare(found, probe) === 0 ? found : undefined
      }
      node = node.children[i] as Node<T>
    }
  }

  /** The item at a rank, counted from 0; undefined outside. */
  at(rank: number): T | undefined {
    if (rank < 0 || rank >= this.size) return undefined
    let node = this.#root
    let left = rank
    while (node.children !== null) {
      let i = 0
      while (left >= (node.children[i] as Node<T>).size) left -= (node.children[i++] as Node<T>).size
      node = node.children[i] as Node<T>
    }
    return node.items[left]
  }

  min(): T | undefined {
    let node = this.#root
    while (node.children !== null) node = node.children[0] as Node<T>
    return node.items[0]
  }

  max(): T | undefined {
    return this.#root.items[this.#root.items.length - 1]
  }

  /** How many items are less than `probe`. */
  rank(probe: K): number {
    let node = this.#root
    let rank = 0
    for (;;) {
      const i = lowerBound(node.items, probe, this.#compare)
      if (node.children === null) return rank + i
      if (i === node.items.length) return rank + node.size
      for (let k = 0; k < i; k++) rank += (node.children[k] as Node<T>).size
      node = node.children[i] as Node<T>
    }
  }

  /** The greatest item less than `probe`. */
  before(probe: K): T | undefined {
    let node = this.#root
    let found: T | undefined
    for (;;) {
      const i = lowerBound(node.items, probe, this.#compare)
      // In an inner node: the greatest item of the child before the one that comes next.
      if (i > 0) found = node.items[i - 1]
      if (node.children === null || i === node.items.length) return found
      node = node.children[i] as Node<T>
    }
  }

  /** The least item greater than `probe`. */
  after(probe: K): T | undefined {
    let node = this.#root
    for (;;) {
      const i = upperBound(node.items, probe, this.#compare)
      if (i === node.items.length) return undefined
      if (node.children === null) return node.items[i]
      node = node.children[i] as Node<T>
    }
  }

  /** This set with `item`, instead of one that compares equal. */
  insert(item: T, owner: Owner): Tree<T, K> {
    const root = own(this.#root, owner)
    insertInto(root, item, this.#compare, owner)
    return this.#with(root.items.length > WIDTH ? grow(root, owner) : root, owner)
  }

  /** This set without the item that compares equal to `probe`. */
  remove(probe: K, owner: Owner): Tree<T, K> {
    const root = without(this.#root, probe, this.#compare, owner)
    if (root === undefined) return this
    const only = root.children !== null && root.children.length === 1 ? root.children[0] : undefined
    return this.#with(only ?? root, owner)
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* itemsOf(this.#root)
  }

  #with(root: Node<T>, owner: Owner): Tree<T, K> {
    if (this.#owner !== owner) return new Tree(this.#compare, owner, root)
    this.#root = root
    return this
  }
}
