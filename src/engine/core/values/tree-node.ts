/**
 * An ordered set with ranks: a B+ tree that is persistent for everybody but its owner.
 *
 * Every change names an `owner`. Nodes made under that owner are changed in place; all others are copied first. So a
 * fold over a million events under one owner costs what mutation costs, while a tree that anybody else still holds
 * never changes, and going back to it after a lost append is free. An owner is any object; one that hands a tree on
 * stops using the owner.
 */
export type Owner = object

/** Negative, zero or positive, as `Array.prototype.sort` wants it; a total order. */
export type Compare<T> = (a: T, b: T) => number

/** The most items in a node. 32 was the fastest of 8, 16, 32, 64 for 100 to 100,000 items. */
export const WIDTH = 32
const HALF = WIDTH / 2
const QUARTER = WIDTH / 4

/** A leaf holds items in order; an inner node the greatest item of each child. */
export class Node<T> {
  readonly owner: Owner | null
  size: number
  readonly items: T[]
  readonly children: Node<T>[] | null

  constructor(owner: Owner | null, size: number, items: T[], children: Node<T>[] | null) {
    this.owner = owner
    this.size = size
    this.items = items
    this.children = children
  }
}

export function* itemsOf<T>(node: Node<T>): Generator<T> {
  if (node.children === null) yield* node.items
  else for (const child of node.children) yield* itemsOf(child)
}

/** `splice` for one item, without its array of removed items, which costs a decision 7 % in all. */
function insertAt<T>(items: T[], at: number, item: T): void {
  for (let i = items.length; i > at; i--) items[i] = items[i - 1] as T
  items[at] = item
}

export function removeAt<T>(items: T[], at: number): void {
  for (let i = at + 1; i < items.length; i++) items[i - 1] = items[i] as T
  items.pop()
}

/** The first index whose item is not less than `probe`. */
export function lowerBound<T extends K, K>(items: readonly T[], probe: K, compare: Compare<K>): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(items[middle] as T, probe) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The first index whose item is greater than `probe`. */
export function upperBound<T extends K, K>(items: readonly T[], probe: K, compare: Compare<K>): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(items[middle] as T, probe) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

export function own<T>(node: Node<T>, owner: Owner): Node<T> {
  if (node.owner === owner) return node
  return new Node(owner, node.size, node.items.slice(), node.children === null ? null : node.children.slice())
}

/** Inserts below a node that `owner` owns; the node may then hold one item too many. True if the size grew. */
export function insertInto<T extends K, K>(
  node: Node<T>,
  item: T,
  compare: Compare<K>,
  owner: Owner,
): boolean {
  const { length } = node.items
  // What comes last in line is asked of the last one only.
  const isLast = length > 0 && compare(node.items[length - 1] as T, item) < 0
  const i = isLast ? length : lowerBound(node.items, item, compare)
  if (node.children === null) {
    const known = i < node.items.length && compare(node.items[i] as T, item) === 0
    if (known) node.items[i] = item
    else {
      insertAt(node.items, i, item)
      node.size++
    }
    return !known
  }
  const at = Math.min(i, node.children.length - 1)
  const child = own(node.children[at] as Node<T>, owner)
  node.children[at] = child
  const grew = insertInto(child, item, compare, owner)
  node.items[at] = child.items[child.items.length - 1] as T
  if (grew) node.size++
  if (child.items.length > WIDTH) splitChild(node, at, owner)
  return grew
}

/** Cuts a full child in two. Appending at the end, the usual case, leaves the left one full. */
function splitChild<T>(node: Node<T>, at: number, owner: Owner): void {
  const children = node.children as Node<T>[]
  const child = children[at] as Node<T>
  const right = splitOff(child, at === children.length - 1 ? WIDTH - QUARTER : HALF, owner)
  children.splice(at + 1, 0, right)
  node.items.splice(at, 0, child.items[child.items.length - 1] as T)
}

function splitOff<T>(node: Node<T>, from: number, owner: Owner): Node<T> {
  const items = node.items.splice(from)
  const children = node.children === null ? null : node.children.splice(from)
  const size = children === null ? items.length : children.reduce((sum, child) => sum + child.size, 0)
  node.size -= size
  return new Node(owner, size, items, children)
}

export function grow<T>(root: Node<T>, owner: Owner): Node<T> {
  const size = root.size
  const right = splitOff(root, HALF, owner)
  const maxima = [root.items[root.items.length - 1] as T, right.items[right.items.length - 1] as T]
  return new Node(owner, size, maxima, [root, right])
}

/** The node, of this owner, without the item; undefined if it is not there. Looks for it once: removing is half of the work. */
export function without<T extends K, K>(
  node: Node<T>,
  probe: K,
  compare: Compare<K>,
  owner: Owner,
): Node<T> | undefined {
  const i = lowerBound(node.items, probe, compare)
  if (i === node.items.length) return undefined
  if (node.children === null) {
    if (compare(node.items[i] as T, probe) !== 0) return undefined
    const leaf = own(node, owner)
    removeAt(leaf.items, i)
    leaf.size--
    return leaf
  }
  const child = without(node.children[i] as Node<T>, probe, compare, owner)
  if (child === undefined) return undefined
  const inner = own(node, owner)
  const children = inner.children as Node<T>[]
  inner.size--
  if (child.items.length === 0) {
    children.splice(i, 1)
    inner.items.splice(i, 1)
    return inner
  }
  children[i] = child
  inner.items[i] = child.items[child.items.length - 1] as T
  if (child.items.length < QUARTER) mergeChild(inner, children, i, owner)
  return inner
}

/** Joins a child that became small with a neighbour, when both fit into one node. */
function mergeChild<T>(node: Node<T>, children: Node<T>[], i: number, owner: Owner): void {
  const at = i + 1 < children.length ? i : i - 1
  const right = children[at + 1]
  if (at < 0 || right === undefined) return
  const left = own(children[at] as Node<T>, owner)
  if (left.items.length + right.items.length > WIDTH) return
  left.items.push(...right.items)
  if (left.children !== null && right.children !== null) left.children.push(...right.children)
  left.size += right.size
  children.splice(at, 2, left)
  node.items.splice(at, 2, left.items[left.items.length - 1] as T)
}
